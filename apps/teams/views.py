"""The audit page and its export."""

import csv
import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.kernel import keyset
from apps.teams import selectors, services
from apps.teams.roles import Action

FILTERS = {
    "actor": "Who",
    "verb": "Did what",
    "subject": "To what",
    "text": "Names and notes",
}
COLUMNS = ("at", "actor", "actor_name", "verb", "subject", "subject_name", "scope")
COLUMNS_AFTER = ("note", "correlation_id")


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
    response = StreamingHttpResponse(_lines(entries), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return response


def _asked(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET.get(name, "").strip()[:100] for name in FILTERS}


class _Echo:
    """Hand every written line straight on."""

    def write(self, line: str) -> str:
        return line


def _lines(entries: Any) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow((*COLUMNS, "before", "after", *COLUMNS_AFTER))
    for entry in entries.iterator(chunk_size=1000):
        cells = [entry.at.isoformat(), *(getattr(entry, name) for name in COLUMNS[1:])]
        cells += [json.dumps(entry.before), json.dumps(entry.after)]
        cells += [getattr(entry, name) for name in COLUMNS_AFTER]
        yield writer.writerow([_harmless(cell) for cell in cells])


def _harmless(cell: str) -> str:
    """Keep a spreadsheet from running what somebody wrote as a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
