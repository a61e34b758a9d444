"""Finance's home: where the month stands, who moves it, and what has no price."""

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Month:
    """The month so far and the one before, cut at the same day and hour."""

    cube: usage.Cube
    before: usage.Period
    total: usage.Sums
    total_before: usage.Sums
    units: Sequence[usage.Change]

    @property
    def name(self) -> str:
        """Name it: `November`."""
        return words.month(self.cube.period)

    @property
    def trend(self) -> formats.Trend:
        """Compare its list cost with the month before."""
        against = words.against(self.before)
        return formats.trend(self.total.cost_nano, self.total_before.cost_nano, against)


def headline(viewer: "Person") -> Context | None:
    """Answer what finance comes to ask: where the month stands."""
    month = once(viewer, _month)
    if month is None:
        return None
    day, cost = timezone.now().day, month.total.cost_nano
    return {
        "headline": f"{month.name} has no priced call by day {day}"
        if cost is None
        else f"{month.name} is at {formats.money(cost)} on day {day}",
        "change": f"List cost {month.trend}"
        if month.total_before.cost_nano
        else f"There is nothing {words.against(month.before)} to compare with",
        "unpriced": month.total.unpriced,
    }


def figures(viewer: "Person") -> Context | None:
    """Head the page with the month, the one before, what has no price, and the biggest unit."""
    month = once(viewer, _month)
    if month is None:
        return None
    now = month.total
    first = month.units[0] if month.units and now.list_cost_nano else None
    share = first.now.list_cost_nano / now.list_cost_nano if first else None
    return {
        "kpis": [
            words.kpi(
                f"{month.name} to date",
                *words.money(now.cost_nano),
                trend=month.trend,
                foot=formats.as_of(month.cube.as_of),
            ),
            words.kpi(
                f"Same days of {words.month(month.before)}",
                *words.money(month.total_before.cost_nano),
                foot=month.before.label,
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


def month_by_unit(viewer: "Person") -> Context | None:
    """List the units with their change, the workloads that move the month, what has no price."""
    month = once(viewer, _month)
    if month is None:
        return None
    moved = [
        (one, one.cost_nano)
        for one in usage.changes(month.cube, Dimension.WORKLOAD)
        if one.cost_nano is not None
    ]
    by_size = sorted(moved, key=lambda pair: (pair[1], pair[0].name.label))
    return {
        "month": month.name,
        "before": words.month(month.before),
        "units": [(one, _trend(one), _share(one, month.total)) for one in month.units],
        "total": month.total,
        "total_before": month.total_before,
        "total_trend": formats.trend(month.total.cost_nano, month.total_before.cost_nano),
        "up": [pair for pair in by_size[::-1] if pair[1] > 0][:MOVERS],
        "down": [pair for pair in by_size if pair[1] < 0][:MOVERS],
        "unpriced": _unpriced(month.cube),
        "as_of": month.cube.as_of,
    }


def _share(change: usage.Change, total: usage.Sums) -> str:
    whole = total.list_cost_nano
    return formats.percent(change.now.list_cost_nano / whole) if whole else formats.UNKNOWN


def _trend(change: usage.Change) -> formats.Trend:
    return formats.trend(change.now.cost_nano, change.before.cost_nano)


def _unpriced(cube: usage.Cube) -> Context | None:
    """List the deployments whose calls have no price."""
    found = [one for one in usage.changes(cube, Dimension.DEPLOYMENT) if one.now.unpriced]
    found.sort(key=lambda one: (-one.now.unpriced, one.name.label))
    more = len(found) - UNPRICED
    return {"rows": found[:UNPRICED], "count": len(found), "more": more} if found else None


def _month(viewer: "Person") -> Month | None:
    """Read the month for those who decide about money; None for anybody else."""
    if not teams.may_anywhere(viewer, Action.DECIDE_FINANCE):
        return None
    cube = usage.cube_of(viewer, usage.this_month(), {})
    whole = cube.answer()
    return Month(
        cube,
        cube.period.before(timezone.now()),
        whole.total,
        whole.before,
        usage.changes(cube, Dimension.BU),
    )
