"""The page of list cost: from business unit to team, workload and deployment, step by step."""

from functools import cached_property

from django.urls import reverse

from apps.dashboards import figures
from apps.dashboards.panels.asked import Asked, Context, bar
from apps.dashboards.panels.nothing import nothing
from apps.dashboards.panels.steps import moments, whole
from apps.dashboards.panels.table import TOP, File, file_of, rows_of, table_file
from apps.kernel import formats
from apps.kernel.errors import NotFoundError
from apps.kernel.money import CURRENCY
from apps.usage import selectors as usage
from apps.usage.selectors import plain
from apps.usage.states import Dimension, Grain

PATH = (Dimension.BU, Dimension.TEAM, Dimension.WORKLOAD, Dimension.DEPLOYMENT)
NOTHING_BEFORE = "nothing before to compare with"
COST = "cost_nano"  # None where no call has a price


class Cost:
    """What the page asks of usage; `level` is the step of PATH that the table shows."""

    def __init__(self, asked: Asked) -> None:
        """Read the period, and find where on the way down the address stands."""
        self.asked = asked
        self.cube = usage.cube_of(asked.viewer, asked.period, asked.where)
        self.root = _root(self.cube)
        filtered = [place + 1 for place, one in enumerate(PATH) if one in asked.where]
        self.level = PATH[min(max([self.root, *filtered]), len(PATH) - 1)]

    @cached_property
    def answer(self) -> usage.Answer:
        """Return the first eight of the level and the others, the dearest first."""
        return self.cube.answer(self.level, order=COST)

    @cached_property
    def series(self) -> usage.Series:
        """Return the same over time."""
        return usage.over_time(self.answer)


def page(asked: Asked) -> Context:
    """Make everything that the page shows."""
    found = Cost(asked)
    head = {
        **bar(asked, found.cube),
        "asked": asked,
        "by": found.level,
        "crumbs": _crumbs(found),
        "months": _months(asked),
    }
    if empty := nothing(asked, found.cube, "cost"):
        return {**head, "nothing": empty}
    top = None if asked.query.get("rows") == "all" else TOP
    answer = found.cube.answer(found.level, top=top, order=COST)
    return {
        **head,
        "kpis": _kpis(found),
        "figures": [(_over_time(found), "")],
        "answer": answer,
        "rows": rows_of(asked, found.cube, answer),
        "change": formats.trend(answer.total.cost_nano, answer.before.cost_nano or None),
        "unpriced": _unpriced(found),
        "more": any(group.name is None for group in answer.groups),
        "all_url": asked.address(rows="all"),
        "csv_url": asked.address(format="csv"),
    }


def file(asked: Asked) -> File:
    """Make the CSV file of the table, or of the figure; amounts have nine decimal places."""
    name, found = asked.query.get("figure", "table"), Cost(asked)
    if name == "days":
        return file_of("cost-days.csv", list(plain.steps(found.answer)))
    if name != "table":
        raise NotFoundError
    answer = found.cube.answer(found.level, top=None, order=COST)
    return table_file("cost.csv", found.cube, answer, found.level, change="list_cost_change")


def _before(found: Cost, group: usage.Group) -> int | None:
    return found.cube.before(found.level, group).cost_nano


def _root(cube: usage.Cube) -> int:
    """Find where a viewer's way begins: all units, one unit's teams, or one team's workloads."""
    reach = cube.reach
    if reach.everywhere or len(reach.units) > 1 or (reach.units and reach.teams):
        return 0
    return 1 if reach.units or len(reach.teams) != 1 else 2


def _crumbs(found: Cost) -> list[Context]:
    """Name the steps taken; each leads back to itself with the period and the other filters."""
    asked, cube = found.asked, found.cube
    deeper = {one.value: "" for one in PATH}
    crumbs = [{"label": _top(found), "url": asked.address(reverse("cost"), **deeper)}]
    for place, dimension in enumerate(PATH):
        chosen = asked.where.get(dimension, ())
        if len(chosen) == 1 and place >= found.root:
            below = {one.value: "" for one in PATH[place + 1 :]}
            url = asked.address(reverse("cost"), **below)
            crumbs.append({"label": cube.called(dimension, chosen[0]), "url": url})
    return crumbs


def _top(found: Cost) -> str:
    if found.root == 0:
        return "All business units"
    reach, dimension = found.cube.reach, PATH[found.root - 1]
    held = reach.units if found.root == 1 else reach.teams
    named = found.cube.named[dimension]
    names = [named[pk].label for pk in held if pk in named]
    return names[0] if len(names) == 1 and len(held) == 1 else "Your teams"


def _months(asked: Asked) -> list[Context]:
    """Lead to the months around the one that is shown; none after the present one."""
    if asked.period.name != "month":
        return []
    first, end = asked.period.before(asked.period.end).start, asked.period.end
    around = [first, asked.period.start, *([end] if end <= asked.now else [])]
    return [
        {
            "label": f"{formats.MONTHS[at.month - 1]} {at.year}",
            "url": asked.address(period="month", month=f"{at:%Y-%m}"),
            "current": at == asked.period.start,
        }
        for at in around
    ]


def _kpis(found: Cost) -> list[Context]:
    total, asked = found.answer.total, found.asked
    steps = [usage.added(step).cost_nano for step in _by_step(found)]
    cost = total.cost_nano
    calls = formats.plural(total.requests, "call")
    return [
        _money(
            "Month to date" if _going(asked) else "List cost",
            cost,
            spark=whole(steps, asked.period),
            foot=f"list cost, {_how_far(asked)}",
        ),
        _change(found),
        {
            "label": "Unpriced calls",
            "value": formats.number(total.unpriced),
            "foot": f"of {calls}; in no sum" if total.unpriced else f"each of {calls} has a price",
        },
        _mover(found),
    ]


def _going(asked: Asked) -> bool:
    """Say whether the month that is shown is the present one."""
    return asked.period.name == "month" and asked.period.end > asked.now


def _how_far(asked: Asked) -> str:
    if not _going(asked):
        return asked.period.label
    return f"day {asked.now.day} of {(asked.period.end - asked.period.start).days}"


def _money(label: str, nano: int | None, *, sign: bool = False, **more: object) -> Context:
    text = formats.UNKNOWN if nano is None else formats.amount(nano)
    if sign and nano and nano > 0:
        text = f"+{text}"
    return {"label": label, "value": text, "unit": "" if nano is None else CURRENCY, **more}


def _change(found: Cost) -> Context:
    """Compare with the period before, where both have a price."""
    now, then = found.answer.total.cost_nano, found.answer.before.cost_nano
    if now is None or not then:
        return _money("Change", None, foot=NOTHING_BEFORE)
    trend = formats.trend(now, then, found.asked.against)
    return _money("Change", now - then, sign=True, trend=trend)


def _mover(found: Cost) -> Context:
    """Name the group whose cost changed most, up or down."""
    moved = []
    if found.answer.before.cost_nano:
        for group in found.cube.answer(found.level, top=None, order=COST).groups:
            now, then = group.sums.cost_nano, _before(found, group)
            if now is not None and then is not None:
                moved.append((now - then, group.label))
    change, label = max(moved, key=lambda one: abs(one[0]), default=(0, ""))
    if not change:
        foot = "nothing moved" if moved else NOTHING_BEFORE
        return _money("Biggest mover", None, foot=foot)
    return _money("Biggest mover", change, sign=True, foot=label)


def _by_step(found: Cost) -> list[tuple[usage.Sums, ...]]:
    return list(zip(*(line for _, line in found.series.lines), strict=True))


def _over_time(found: Cost) -> figures.Figure:
    asked, total = found.asked, found.answer.total.cost_nano
    said = ""
    if total and found.answer.groups[0].name:
        first = found.answer.groups[0]
        share = formats.percent(first.sums.list_cost_nano / total)
        said = f"{first.label} is {share} of {formats.money(total)}."
    words = figures.Words(
        id="days",
        question=f"Which {found.level.label.lower()}s make the list cost?",
        answer=said,
        caption=f"by {asked.step}, list cost",
        csv_url=asked.address(format="csv", figure="days"),
        rows_url=asked.rows(),
    )
    lines = [(g, [s.cost_nano for s in line]) for g, line in found.series.lines]
    named = [(group.label, values) for group, values in lines if group.name]
    others = [(group.label, values) for group, values in lines if not group.name]
    return figures.stacked_bars(
        words,
        moments(found.series.steps, Grain(asked.period.grain)),
        named,
        unit=figures.USD,
        others=others[0] if others else None,
    )


def _unpriced(found: Cost) -> str:
    """Say which models have calls without a price; nothing where each call has one."""
    total = found.answer.total
    if not total.unpriced:
        return ""
    models = found.cube.answer(Dimension.MODEL, top=None, order="unpriced").groups
    named = ", ".join(group.label for group in models[:3] if group.sums.unpriced)
    of = formats.plural(total.requests, "call")
    verb = "has" if total.unpriced == 1 else "have"
    return f"{formats.number(total.unpriced)} of {of} {verb} no price in force ({named})."
