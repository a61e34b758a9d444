"""`{% slot "request.main" request=request %}` renders whatever the chapters registered there."""

from typing import Any

import structlog
from django import template
from django.template.context import RequestContext
from django.utils.safestring import SafeString, mark_safe

from apps.kernel import panels

register = template.Library()
log = structlog.get_logger(__name__)
FAILED = "components/panel_failed.html"


@register.simple_tag(takes_context=True)
def slot(context: RequestContext, name: str, **subject: Any) -> SafeString:
    """Render the panels of slot `name` for the signed-in person."""
    viewer = context["user"]
    return _render(context, panels.collect(name, viewer, **subject), subject)


@register.simple_tag(takes_context=True)
def shown(context: RequestContext, collected: list[panels.Shown], **subject: Any) -> SafeString:
    """Render panels that the view collected already, because its headline counts them."""
    return _render(context, collected, subject)


def _render(
    context: RequestContext, collected: list[panels.Shown], subject: dict[str, Any]
) -> SafeString:
    """Draw each panel; one whose template fails becomes a failure box like one whose selector did.

    A lazy query runs in the template only, and fails there.
    """
    assert context.template is not None  # noqa: S101  a tag is rendered by a template
    engine = context.template.engine

    def draw(name: str, item: panels.Shown) -> str:
        with context.push(**subject, **item.context, panel=item.panel):
            return engine.get_template(name).render(context)

    parts = []
    for item in collected:
        try:
            parts.append(draw(FAILED if item.failed else item.panel.template, item))
        except Exception:
            log.exception("panel failed", panel=item.panel.name)
            parts.append(draw(FAILED, item))
    return mark_safe("".join(parts))  # noqa: S308  each part was rendered with auto-escape
