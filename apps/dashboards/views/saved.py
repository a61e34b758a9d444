"""Acts on saved views: keep the present address under a name, and let go of it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from apps.dashboards.views.page import kept
from apps.usage import services

PAGES = ("usage", "latency", "cost", "calls")


@require_POST
def view_save(request: HttpRequest) -> HttpResponse:
    """Save the filters of a page under a name."""
    page, name = request.POST.get("page", "usage"), request.POST.get("name", "")
    if page not in PAGES:
        raise Http404
    query = kept(QueryDict(request.POST.get("query", "")))
    view = services.save_view(page=page, name=name, query=query, by=request.user)  # type: ignore[arg-type]
    messages.success(request, f"“{view.name}” is saved. Only you see it.")
    return redirect(f"{reverse(page)}?{view.query}")


@require_POST
def view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one's own saved view."""
    view = services.delete_view(pk=pk, by=request.user)  # type: ignore[arg-type]
    messages.info(request, f"The view “{view.name}” is deleted.")
    return redirect(view.page)
