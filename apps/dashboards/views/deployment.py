"""The minutes of one deployment as a file."""

from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_safe

from apps.dashboards.panels import deployment as parts
from apps.kernel.exports import csv_response


@require_safe
def minutes(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """Send the minutes with calls as CSV: of `day`, of its `hour`, or of the last 24 hours."""
    file = parts.minutes(request.user, pk, request.GET)  # type: ignore[arg-type]
    return csv_response(file.name, header=file.header, rows=file.rows)
