"""What every page of a dashboard comes with: its name, and the views of it that a person saved."""

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from apps.dashboards.panels.asked import Context
from apps.usage import selectors

PASSING = ("format", "cursor", "figure")  # of one visit, not of a view


def dashboard(request: HttpRequest, page: str, context: Context) -> HttpResponse:
    """Draw a page; `page` names its address and its template."""
    views = selectors.saved_views(request.user, page)  # type: ignore[arg-type]
    shown = {"view_page": page, "saved": views, "query": kept(request.GET)}
    return render(request, f"dashboards/{page}.html", {**context, **shown})


def kept(query: QueryDict) -> str:
    """Write what a saved view keeps of an address."""
    rest = query.copy()
    for name in PASSING:
        rest.pop(name, None)
    return rest.urlencode()
