"""What the shell around every page needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from apps.capacity import selectors as capacity
from apps.kernel.logs import correlation_id
from apps.kernel.panels import once
from portal import navigation

THEMES = ("auto", "light", "dark")


def shell(request: HttpRequest) -> dict[str, Any]:
    """Give base.html its rail, scope, theme and facts; htmx fragments need none of the rail."""
    theme = request.COOKIES.get("theme", "auto")
    base = {
        "azure_sandbox": settings.AZURE_SANDBOX,
        "organisation": settings.ORGANISATION,
        "request_id": correlation_id.get(),
        "theme": theme if theme in THEMES else "auto",
        "rail": "mini" if request.COOKIES.get("rail") == "mini" else "",
    }
    person = getattr(request, "user", None)
    if person is None or not person.is_authenticated or getattr(request, "htmx", False):
        return base
    return {
        **base,
        "nav": navigation.rail(request),
        "scope": navigation.scope_of(person),
        "data_as_of": capacity.last_synced_at(once(person, capacity.every_subscription)),
    }
