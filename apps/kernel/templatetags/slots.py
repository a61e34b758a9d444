"""`{% slot "request.main" request=request %}` renders whatever the chapters registered there."""

from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils.safestring import SafeString, mark_safe

from apps.kernel import panels

register = template.Library()


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
    assert context.template is not None  # noqa: S101  a tag is rendered by a template
    engine, parts = context.template.engine, []
    for item in collected:
        name = "components/panel_failed.html" if item.failed else item.panel.template
        with context.push(**subject, **item.context, panel=item.panel):
            parts.append(engine.get_template(name).render(context))
    return mark_safe("".join(parts))  # noqa: S308  each part was rendered with auto-escape
