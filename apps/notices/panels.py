"""The bell of every page, and what cannot be sent on the home of those who can help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse

from apps.kernel import formats
from apps.notices import selectors

if TYPE_CHECKING:
    from apps.teams.models import Person


def bell(viewer: Any) -> dict[str, Any] | None:
    """Show the way to the notices; the bell asks for its count by itself, page after page."""
    return {"label": "Notices"} if viewer.is_authenticated else None


def unsent(viewer: Person) -> dict[str, Any] | None:
    """Say what people are not told, since when, and why."""
    found = selectors.backlog_for(viewer)
    if found is None or not (found.waiting or found.failed):
        return None
    todos = []
    if found.waiting and found.since:
        many = formats.plural(found.waiting, "message")
        todos.append(
            {
                "icon": "send",
                "tone": "warn",
                "title": f"{many} cannot be sent, since {formats.moment(found.since)}",
                "text": found.trouble or "No worker has taken them. Everything else goes on.",
                "url": f"{reverse('notice_deliveries')}?tab=waiting",
            }
        )
    if found.failed:
        todos.append(
            {
                "icon": "send",
                "tone": "bad",
                "title": f"{formats.plural(found.failed, 'message')} could not be sent",
                "text": "Look why, then try again.",
                "url": reverse("notice_deliveries"),
            }
        )
    return {"todos": todos}
