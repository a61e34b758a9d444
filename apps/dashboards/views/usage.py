"""Pages of usage and of list cost, and the same as CSV."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from apps.dashboards.panels import cost as cost_parts
from apps.dashboards.panels import usage as usage_parts
from apps.dashboards.panels.asked import Asked
from apps.dashboards.panels.table import File
from apps.dashboards.views.page import dashboard
from apps.kernel.exports import csv_response


@require_safe
def usage(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Show who used how much, or one of the page's numbers as CSV."""
    asked = Asked.read(request.user, request.GET)  # type: ignore[arg-type]
    if request.GET.get("format") == "csv":
        return _csv(usage_parts.file(asked))
    return dashboard(request, "usage", usage_parts.page(asked))


@require_safe
def cost(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Show the list cost of a month and who made it, or the same as CSV."""
    asked = Asked.read(request.user, request.GET, default="month")  # type: ignore[arg-type]
    if request.GET.get("format") == "csv":
        return _csv(cost_parts.file(asked))
    return dashboard(request, "cost", cost_parts.page(asked))


def _csv(file: File) -> StreamingHttpResponse:
    return csv_response(file.name, header=file.header, rows=file.rows)
