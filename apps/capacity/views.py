"""The pools: all of them, one of them, and what a platform admin does about it."""

import re
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.capacity import panels, services
from apps.capacity.selectors import browse, holders
from apps.kernel.errors import ConflictError
from apps.kernel.exports import csv_response
from apps.teams import selectors as teams
from apps.teams.roles import Action
from apps.teams.services import require

COLUMNS = (
    *("subscription", "region", "meter", "pool", "unit", "limit", "azure_used"),
    *("built", "foreign", "committed", "held", "free", "as_of"),
)
LONGEST_NUMBER = 12


@require_safe
def pools(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """List the pools with what is built, promised and free, or export them as CSV."""
    viewer: Any = request.user
    asked = browse.Asked.read(request.GET.dict())
    if request.GET.get("format") == "csv":
        rows = (_cells(pool) for pool in browse.export_rows(asked))
        return csv_response("capacity.csv", header=COLUMNS, rows=rows)
    found = browse.pools_page(asked)
    context = {
        "asked": asked,
        "page": found.page,
        "rows": [panels.row_of(pool) for pool in found.rows],
        "as_of": min((pool.synced_at for pool in found.rows), default=None),
        "filters": _filters(request, asked),
        "findings": holders.open_findings(viewer),
        "committed": panels.committed(viewer),
    }
    return render(request, "capacity/pools.html", context)


@require_safe
def pool(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one pool: who holds what until when, how it is split, what was found, its history."""
    viewer: Any = request.user
    found = holders.pool_row(pk)
    may_edit = teams.may(viewer, Action.CAPACITY_EDIT, None)
    context = {
        "row": panels.row_of(found),
        "kpis": panels.kpis_of(found),
        "holders": holders.holders_of(viewer, found),
        "nodes": holders.tree_of(viewer, found),
        "findings": holders.findings_of(viewer, found),
        "machines": holders.machines_for(found),
        "history": [teams.audit_row(entry) for entry in holders.history_of(viewer, found)],
        "may_edit": may_edit,
        "subscription": panels.tier_words(found),
        "may_split": may_edit and holders.may_be_split(found),
        "owners": holders.owners() if may_edit else [],
    }
    return render(request, "capacity/pool.html", context)


@require_POST
def allowance(request: HttpRequest, pk: int) -> HttpResponse:
    """Set what a unit or team may take of a pool; nothing written takes the allowance away."""
    viewer: Any = request.user
    require(viewer, Action.CAPACITY_EDIT, None)
    holders.pool_row(pk)
    owner = holders.owner_named(request.POST.get("owner", ""))
    typed = request.POST.get("limit", "").strip()
    services.set_allowance(
        pool_id=pk,
        owner=owner,
        limit=_number(typed) if typed else None,
        over_commit=request.POST.get("over_commit") == "yes",
        by=viewer,
    )
    said = f"is {typed} from now on" if typed else "is taken away"
    messages.info(request, f"The allowance of {owner} {said}.")
    return redirect("capacity_pool", pk)


@require_POST
def finding_explain(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what use past the portal is for."""
    viewer: Any = request.user
    found = services.explain_finding(pk=pk, note=request.POST.get("note", ""), by=viewer)
    messages.info(request, "It is explained. You are told again when it grows.")
    return redirect("capacity_pool", found.pool_id)


@require_POST
def finding_adopt(request: HttpRequest, pk: int) -> HttpResponse:
    """Count use past the portal as a team's."""
    viewer: Any = request.user
    require(viewer, Action.CAPACITY_EDIT, None)
    holders.finding_row(pk)
    found = services.adopt_finding(
        pk=pk,
        team=holders.team_named(request.POST.get("team", "")),
        amount=_number(request.POST.get("amount", "")),
        note=request.POST.get("note", ""),
        by=viewer,
    )
    messages.info(request, "It counts as the team’s from now on.")
    return redirect("capacity_pool", found.pool_id)


@require_POST
def finding_drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that adopted use is no longer in Azure."""
    viewer: Any = request.user
    found = services.drop_finding(pk=pk, note=request.POST.get("note", ""), by=viewer)
    messages.info(request, "It is given back.")
    return redirect("capacity_pool", found.pool_id)


def _number(typed: str) -> int:
    digits = re.sub(r"\s", "", typed)
    if not re.fullmatch(rf"[0-9]{{1,{LONGEST_NUMBER}}}", digits):
        raise ConflictError(f"“{typed[:40]}” is no whole number. Write one, for example 500.")
    return int(digits)


def _filters(request: HttpRequest, asked: browse.Asked) -> list[dict[str, Any]]:
    regions = {name: name for name in browse.pool_regions()}
    return [
        _filter(request, "Region", "region", asked.region, regions),
        _filter(request, "Meter", "unit", asked.unit, browse.UNITS),
        _filter(request, "Subscription", "tier", asked.tier, browse.TIERS),
        _filter(request, "Pools", "show", asked.show, browse.SHOWN, usual="quota"),
    ]


def _filter(
    request: HttpRequest,
    name: str,
    key: str,
    chosen: str,
    choices: Mapping[str, str],
    *,
    usual: str = "",
) -> dict[str, Any]:
    """Lay out a filter with the addresses that its choices lead to, each at the first page."""

    def url(value: str) -> str:
        query = request.GET.copy()
        for gone in ("cursor", "format", key):
            query.pop(gone, None)
        if value:
            query[key] = value
        return f"?{query.urlencode()}"

    anything = {} if usual else {"": "any"}
    return {
        "name": name,
        "value": choices.get(chosen, ""),
        "options": [
            {"label": label, "url": url(value), "current": value == chosen}
            for value, label in {**anything, **choices}.items()
        ],
        "clear_url": url("") if chosen != usual else "",
    }


def _cells(pool: Any) -> list[Any]:
    return [
        *(pool.tier, pool.region, pool.meter, pool.label, pool.unit, pool.limit, pool.azure_used),
        *(pool.built, pool.foreign, pool.committed, pool.held, pool.free),
        pool.synced_at.isoformat(),
    ]
