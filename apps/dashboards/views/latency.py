"""The page about latency, and its numbers as files."""

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from apps.dashboards.panels import latency as parts
from apps.dashboards.panels.asked import Asked
from apps.dashboards.views.page import dashboard
from apps.kernel.exports import csv_response


@require_safe
def latency(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Show how long answers took, or the numbers of one figure as CSV."""
    viewer: Any = request.user
    asked = Asked.read(viewer, request.GET)
    if request.GET.get("format") == "csv":
        file = parts.file(asked)
        return csv_response(file.name, header=file.header, rows=file.rows)
    return dashboard(request, "latency", parts.page(asked))
