"""The audit page and its export."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.kernel import keyset
from apps.kernel.exports import csv_response
from apps.teams import selectors, services
from apps.teams.roles import Action

FILTERS = {
    "actor": "Who",
    "verb": "Did what",
    "subject": "To what",
    "text": "Names and notes",
}
COLUMNS = (
    *("at", "actor", "actor_name", "verb", "subject", "subject_name", "scope"),
    *("before", "after", "note", "correlation_id"),
)


@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """Show who did what, newest first, within the scopes whose audit the person may read."""
    viewer: Any = request.user
    services.require_anywhere(viewer, Action.AUDIT_READ)
    asked = _asked(request)
    page = keyset.page(
        selectors.audit_trail(viewer, **asked),
        order=("-id",),
        cursor=request.GET.get("cursor", ""),
    )
    context = {
        "page": page,
        "rows": [selectors.audit_row(entry) for entry in page.rows],
        "filters": [(name, label, asked[name]) for name, label in FILTERS.items()],
        "filtered": any(asked.values()),
    }
    return render(request, "teams/audit.html", context)


@require_safe
def audit_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Send the same entries as CSV, all pages of them, oldest first."""
    viewer: Any = request.user
    services.require_anywhere(viewer, Action.AUDIT_READ)
    entries = selectors.audit_trail(viewer, **_asked(request)).order_by("id")
    cells = (_cells(entry) for entry in entries.iterator(chunk_size=1000))
    return csv_response("audit.csv", header=COLUMNS, rows=cells)


def _asked(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET.get(name, "").strip()[:100] for name in FILTERS}


def _cells(entry: Any) -> list[str]:
    written = {
        "at": entry.at.isoformat(),
        "before": json.dumps(entry.before),
        "after": json.dumps(entry.after),
    }
    return [written.get(name) or getattr(entry, name) for name in COLUMNS]
