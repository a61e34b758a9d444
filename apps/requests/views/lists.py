"""The list of requests, as a page and as a file."""

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.kernel.exports import csv_response
from apps.kernel.money import decimal
from apps.requests import selectors
from apps.requests.kinds import KINDS

COLUMNS = (
    *("number", "title", "kind", "status", "business unit", "team", "workload", "environment"),
    *("requester", "submitted at", "ended at", "expected list cost a month, USD"),
)


@require_safe
def requests(request: HttpRequest) -> HttpResponse:
    """List the requests of one's teams under tabs, with filters in the address."""
    viewer: Any = request.user
    asked = selectors.Asked.read(request.GET)
    counts = selectors.tab_counts(viewer)
    page = selectors.page_of(viewer, asked)
    waits = selectors.waiting_for(page.rows)
    context = {
        "asked": asked,
        "tabs": [(tab, label, counts[tab]) for tab, (label, _) in selectors.TABS.items()],
        "counts": counts,
        "filters": [_filter(request, **one) for one in selectors.filters_of(viewer, asked)],
        "filtered": any((asked.text, asked.status, asked.team, asked.environment, asked.mine)),
        "page": page,
        "rows": [(row, waits.get(row.pk, ())) for row in page.rows],
        "kinds": [kind for _, kind in KINDS.items()] if selectors.may_ask(viewer) else [],
    }
    return render(request, "requests/list.html", context)


@require_safe
def requests_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Send all rows of the list as CSV, with exact amounts; no cell can act as a formula."""
    viewer: Any = request.user
    rows = selectors.export_rows(viewer, selectors.Asked.read(request.GET))
    return csv_response("requests.csv", header=COLUMNS, rows=(_cells(row) for row in rows))


def _cells(row: Any) -> list[Any]:
    expected = row.estimate.get("expected_nano")
    return [
        *(row.number, row.title, row.kind, row.state.label),
        *(row.team.business_unit, row.team, row.workload or "", row.environment or ""),
        row.requester.name,
        row.submitted_at.isoformat() if row.submitted_at else "",
        row.ended_at.isoformat() if row.ended_at else "",
        decimal(expected) if expected is not None else "",
    ]


def _filter(
    request: HttpRequest, *, key: str, name: str, chosen: str, options: list[tuple[str, str]]
) -> dict[str, Any]:
    """Describe one filter chip; every choice is an address."""

    def address(value: str) -> str:
        query = request.GET.copy()
        query.pop("cursor", None)
        query[key] = value
        if not value:
            del query[key]
        return f"?{query.urlencode()}"

    labels = dict(options)
    return {
        "name": name,
        "value": labels.get(chosen, chosen) if chosen else "",
        "clear_url": address("") if chosen else "",
        "options": [
            {"url": address(value), "label": label, "current": value == chosen, "count": None}
            for value, label in [("", "any"), *options]
        ],
    }
