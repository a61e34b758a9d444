"""The explorer of calls: the list, the same as a file, and one call."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.dashboards.panels import call as of_one
from apps.dashboards.panels import calls as parts
from apps.dashboards.panels.asked import Asked
from apps.dashboards.views.page import dashboard
from apps.kernel.exports import csv_response


@require_safe
def calls(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """List the calls of an address, newest first, or send all of them as CSV."""
    viewer: Any = request.user
    asked = Asked.read(viewer, request.GET, default=parts.DEFAULT, kept=parts.KEPT)
    if request.GET.get("format") == "csv":
        return csv_response("calls.csv", header=parts.COLUMNS, rows=parts.lines(asked))
    return dashboard(request, "calls", parts.page(asked))


@require_safe
def call(request: HttpRequest, workload: int, at_us: int, event: UUID) -> HttpResponse:
    """Show one call, and how its list cost is made up."""
    context = of_one.one(request.user, workload=workload, at_us=at_us, event=event)
    return render(request, "dashboards/call.html", context)
