"""Finance's home: where the month stands, who moves it, and what has no price."""

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from apps.dashboards.panels.home import words
from apps.kernel import formats
from apps.kernel.panels import once
from apps.teams import selectors as teams
from apps.teams.roles import Action
from apps.usage import selectors as usage
from apps.usage.states import Dimension

if TYPE_CHECKING:
    from apps.teams.models import Person

Context = dict[str, Any]
MOVERS = 4  # up, and as many down
UNPRICED = 5


def headline(viewer: "Person") -> Context | None:
    """Answer what finance comes to ask: where the month stands."""
    if not _pays(viewer):
        return None
    month, before = once(viewer, _month), _before(viewer)
    now, then = month.answer().total, month.answer().before
    day = min(timezone.now(), month.period.end).day
    name, cost = words.month(month.period), now.cost_nano
    against = words.against(before)
    change = formats.trend(cost, then.cost_nano, against)
    return {
        "headline": f"{name} has no priced call by day {day}"
        if cost is None
        else f"{name} is at {formats.money(cost)} on day {day}",
        "change": f"List cost {change}"
        if then.cost_nano
        else f"There is nothing {against} to compare with",
        "unpriced": now.unpriced,
    }


def figures(viewer: "Person") -> Context | None:
    """Head the page with the month, the one before, what has no price, and the biggest unit."""
    if not _pays(viewer):
        return None
    month, before = once(viewer, _month), _before(viewer)
    now, then = month.answer().total, month.answer().before
    units = usage.changes(month, Dimension.BU)
    first = units[0] if units and now.list_cost_nano else None
    share = first.now.list_cost_nano / now.list_cost_nano if first else None
    return {
        "kpis": [
            words.kpi(
                f"{words.month(month.period)} to date",
                *words.money(now.cost_nano),
                trend=formats.trend(now.cost_nano, then.cost_nano, words.against(before)),
            ),
            words.kpi(
                f"Same days of {words.month(before)}",
                *words.money(then.cost_nano),
                foot=before.label,
            ),
            words.kpi(
                "Without a price",
                *words.short(now.unpriced),
                foot=f"of {formats.short_count(now.requests)} calls",
            ),
            words.kpi(
                "Biggest unit",
                *words.shared(share),
                foot=f"{first.name.label}, {formats.money(first.now.list_cost_nano)}"
                if first
                else "no list cost yet",
            ),
        ]
    }


def _before(viewer: "Person") -> usage.Period:
    return once(viewer, _month).period.before(timezone.now())


def month_by_unit(viewer: "Person") -> Context | None:
    """List the units with their change, and the workloads that move the month most."""
    if not _pays(viewer):
        return None
    month = once(viewer, _month)
    units = usage.changes(month, Dimension.BU)
    total, before = month.answer().total, month.answer().before
    moved = [
        (one, one.cost_nano)
        for one in usage.changes(month, Dimension.WORKLOAD)
        if one.cost_nano is not None
    ]
    by_size = sorted(moved, key=lambda pair: (pair[1], pair[0].name.label))
    return {
        "month": words.month(month.period),
        "before": words.month(_before(viewer)),
        "units": [(one, _trend(one), _share(one, total)) for one in units],
        "total": total,
        "total_before": before,
        "total_trend": formats.trend(total.cost_nano, before.cost_nano),
        "up": [pair for pair in by_size[::-1] if pair[1] > 0][:MOVERS],
        "down": [pair for pair in by_size if pair[1] < 0][:MOVERS],
        "unpriced": _unpriced(month),
        "as_of": month.as_of,
    }


def _share(change: usage.Change, total: usage.Sums) -> str:
    whole = total.list_cost_nano
    return formats.percent(change.now.list_cost_nano / whole) if whole else formats.UNKNOWN


def _trend(change: usage.Change) -> formats.Trend:
    return formats.trend(change.now.cost_nano, change.before.cost_nano)


def _unpriced(month: usage.Cube) -> Context | None:
    """List the deployments whose calls have no price."""
    found = [one for one in usage.changes(month, Dimension.DEPLOYMENT) if one.now.unpriced]
    found.sort(key=lambda one: (-one.now.unpriced, one.name.label))
    more = len(found) - UNPRICED
    return {"rows": found[:UNPRICED], "count": len(found), "more": more} if found else None


def _pays(viewer: "Person") -> bool:
    return teams.may_anywhere(viewer, Action.DECIDE_FINANCE)


def _month(viewer: "Person") -> usage.Cube:
    return usage.cube_of(viewer, usage.this_month(), {})
