"""The page about ingest: what came in, what waits, what to do when it is late."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.kernel import formats
from apps.teams import services as teams
from apps.teams.roles import Action
from apps.usage import selectors

WORK = {  # name → what it does, how often, and what stays away while it does not run
    "hours": ("Adds up hours", "every second", "New calls are in no total and no chart."),
    "days": ("Adds up days", "every few seconds", "Periods of whole days miss the last calls."),
    "sketches": ("Adds up latency", "every half minute", "Percentiles miss the last calls."),
    "ahead": ("Makes partitions", "every hour", "The first batch of a new day makes its own."),
    "closed": ("Indexes days that are over", "every hour", "Lists of calls are slow."),
    "dropped": ("Drops raw rows past their time", "every hour", "The disk fills up."),
}


@require_safe
def usage_ingest(request: HttpRequest) -> HttpResponse:
    """Show the ledger of batches and the state of the work behind it."""
    viewer: Any = request.user
    teams.require(viewer, Action.JOB_OPERATE, None)
    health = selectors.health_for(viewer)
    assert health  # noqa: S101  who may operate jobs sees it
    return render(
        request,
        "usage/ingest.html",
        {
            "headline": _headline(health),
            "health": health,
            "work": [(one, *WORK[one.name]) for one in health.work],
            "page": selectors.batches_page(viewer, request.GET.get("cursor", "")),
        },
    )


def _headline(health: selectors.Health) -> str:
    """Answer whether totals hold every row that came."""
    if health.late:
        return f"Ingest is late: {formats.plural(len(health.late), 'thing')} to look at"
    if health.waiting_hours:
        return f"{formats.plural(health.waiting_hours, 'hour')} to be added up"
    return "Every row that came in is in the totals"
