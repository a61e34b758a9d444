"""The inbox, and the three acts of somebody who decides."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from apps.approvals import selectors, services
from apps.kernel import formats
from apps.requests import selectors as requests


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """List what waits for the viewer's decision, the longest wait first."""
    viewer: Any = request.user
    services.require_decider(viewer)
    tab = request.GET.get("tab", "")
    tab = tab if tab in selectors.TABS else "waiting"
    units = selectors.units_of(viewer)
    unit = request.GET.get("unit", "")
    unit = unit if any(one.slug == unit for one in units) else ""
    cursor = request.GET.get("cursor", "")
    page = selectors.inbox_page(viewer, tab=tab, unit=unit, cursor=cursor)
    context = {
        "tab": tab,
        "tabs": selectors.TABS,
        "counts": selectors.tab_counts(viewer),
        "tab_label": selectors.TABS[tab],
        "unit": unit,
        "filters": [_unit_filter(tab, units, unit)] if len(units) > 1 else [],
        "page": page,
        "rows": selectors.rows_of(page.rows, viewer),
        "now": timezone.now(),
    }
    return render(request, "approvals/inbox.html", context)


@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Say yes."""
    viewer: Any = request.user
    row = requests.request_for(viewer, pk)
    row = services.approve(
        request=row, reason=request.POST.get("reason", ""), step=_seen(request), by=viewer
    )
    following = selectors.open_step(row)
    after = f"{following.label} decides next." if following else "Building starts now."
    messages.success(request, f"You approved {row.number}. {after}")
    return redirect("request", pk)


@require_POST
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Say no, with a reason."""
    viewer: Any = request.user
    row = requests.request_for(viewer, pk)
    services.reject(
        request=row, reason=request.POST.get("reason", ""), step=_seen(request), by=viewer
    )
    messages.success(request, f"You rejected {row.number}. {row.requester.name} reads your reason.")
    return redirect("request", pk)


@require_POST
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the team something first."""
    viewer: Any = request.user
    row = requests.request_for(viewer, pk)
    services.ask(request=row, body=request.POST.get("body", ""), step=_seen(request), by=viewer)
    now = formats.moment(timezone.now())
    messages.info(request, f"{row.requester.name} has your question since {now} UTC.")
    return redirect("request", pk)


def _unit_filter(tab: str, units: Any, unit: str) -> dict[str, Any]:
    """Describe the filter chip of the business units."""
    choices = [("", "any"), *((one.slug, one.name) for one in units)]
    return {
        "name": "Business unit",
        "value": dict(choices)[unit] if unit else "",
        "clear_url": f"?tab={tab}" if unit else "",
        "options": [
            {
                "url": f"?tab={tab}&unit={slug}" if slug else f"?tab={tab}",
                "label": name,
                "current": slug == unit,
                "count": None,
            }
            for slug, name in choices
        ],
    }


def _seen(request: HttpRequest) -> int | None:
    """Return the step that the person saw when they pressed the button."""
    step = request.POST.get("step", "")
    return int(step) if step.isascii() and step.isdigit() and len(step) < 19 else None
