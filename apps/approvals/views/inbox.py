"""The inbox: what waits for the viewer, and what they decided."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.approvals import selectors


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """List what waits for the viewer's decision, the longest wait first."""
    viewer: Any = request.user
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
