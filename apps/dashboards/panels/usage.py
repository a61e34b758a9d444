"""The page of usage: four numbers, four questions, and a table by any dimension."""

from collections.abc import Callable, Sequence
from functools import cached_property

from apps.dashboards import figures
from apps.dashboards.panels import classes
from apps.dashboards.panels.asked import Asked, Context, bar
from apps.dashboards.panels.nothing import nothing
from apps.dashboards.panels.steps import moments, whole
from apps.dashboards.panels.table import TOP, File, file_of, groupings, rows_of, table_file
from apps.kernel import formats
from apps.kernel.errors import InvalidError, NotFoundError
from apps.usage import selectors as usage
from apps.usage.selectors import plain
from apps.usage.states import Dimension

MEAN = figures.Unit("requests", 1, lambda mean: formats.number(mean, 1), ",.1f")
GROWN = 0.05  # a growth below this is not worth a sentence
HOURS = tuple(range(24))


class Usage:
    """What the page asks of usage: one reading of the period, and two over time."""

    def __init__(self, asked: Asked) -> None:
        """Read the period; raises InvalidError for a dimension that there is not."""
        self.asked, self.by = asked, read_by(asked.query.get("by"))
        self.cube = usage.cube_of(asked.viewer, asked.period, asked.where)

    @cached_property
    def workloads(self) -> usage.Answer:
        """Return the first eight workloads and the others."""
        return self.cube.answer(Dimension.WORKLOAD)

    @cached_property
    def series(self) -> usage.Series:
        """Return the workloads over time."""
        return usage.over_time(self.workloads)

    @cached_property
    def totals(self) -> list[usage.Sums]:
        """Return the total of each step of time."""
        return [usage.added(step) for step in zip(*self._lines, strict=True)]

    @cached_property
    def hours(self) -> tuple[list[float | None], list[float | None]]:
        """Return the mean requests by hour of the day, and those of the period before."""
        return usage.requests_by_hour(self.cube)

    @property
    def _lines(self) -> list[Sequence[usage.Sums]]:
        return [line for _, line in self.series.lines]


def page(asked: Asked) -> Context:
    """Make everything that the page shows."""
    found = Usage(asked)
    head = {**bar(asked, found.cube), "asked": asked, "by": found.by}
    if empty := nothing(asked, found.cube, "usage"):
        return {**head, "nothing": empty}
    top = None if asked.query.get("rows") == "all" else TOP
    answer = found.cube.answer(found.by, top=top)
    return {
        **head,
        "kpis": _kpis(found),
        "figures": [
            (_tokens(found), "p-s8"),
            (_throttled(found), "p-s4"),
            (_hours(found), "p-s4"),
            (_cached(found), "p-s4"),
        ],
        "classes": classes.classes(answer.total),
        "classes_csv": asked.address(format="csv", figure="classes"),
        "answer": answer,
        "rows": rows_of(asked, found.cube, answer),
        "change": formats.trend(answer.total.tokens, answer.before.tokens or None),
        "groupings": groupings(asked, found.by),
        "more": any(group.name is None for group in answer.groups),
        "all_url": asked.address(by=found.by.value, rows="all"),
        "csv_url": asked.address(by=found.by.value, format="csv"),
    }


def file(asked: Asked) -> File:
    """Make the CSV file of the table, or of the figure that the address names."""
    name = asked.query.get("figure", "table")
    if name not in FILES:
        raise NotFoundError
    return FILES[name](Usage(asked))


def read_by(text: str | None) -> Dimension:
    """Read what the table is grouped by; raises InvalidError with a sentence."""
    if text is None:
        return Dimension.DEPLOYMENT
    if text not in Dimension.values:
        passes = ", ".join(Dimension.values)
        raise InvalidError(
            f"“{text[:40]}” is nothing that usage is grouped by; {passes} would pass.",
            {"by": passes},
        )
    return Dimension(text)


def _kpis(found: Usage) -> list[Context]:
    total, before, asked = found.workloads.total, found.workloads.before, found.asked
    against, period = asked.against, asked.period

    def kpi(label: str, text: str, name: str, **how: str) -> Context:
        value, unit = _apart(text)
        now, then = getattr(total, name), getattr(before, name)
        spark = whole([getattr(step, name) for step in found.totals], period)
        told = {"label": label, "value": value, "unit": unit, "spark": spark}
        if not before.requests:
            return told | {"foot": "nothing before to compare with"}
        return told | {"trend": formats.trend(now, then, against, **how)}

    share, cost = total.cached_share, total.cost_nano
    cached = formats.UNKNOWN if share is None else formats.percent(share)
    money = formats.UNKNOWN if cost is None else formats.money(cost)
    kpis = [
        kpi("Tokens", formats.short_count(total.tokens), "tokens"),
        kpi("Requests", formats.short_count(total.requests), "requests"),
        kpi("Input from cache", cached, "cached_share", by="points", better="up"),
        kpi("List cost", money, "cost_nano"),
    ]
    if total.unpriced:
        kpis[-1]["foot"] = f"{formats.plural(total.unpriced, 'call')} unpriced"
    return kpis


def _apart(text: str) -> tuple[str, str]:
    """Part a number from its unit: `463.2 M` has one, `4 553` has none."""
    value, _, unit = text.rpartition(formats.NBSP)
    return (text, "") if unit[-1:].isdigit() or not value else (value, unit)


def _words(found: Usage, name: str, question: str, **more: str) -> figures.Words:
    url = found.asked.address(format="csv", figure=name)
    return figures.Words(id=name, question=question, csv_url=url, **more)


def _tokens(found: Usage) -> figures.Figure:
    words = _words(
        found,
        "tokens",
        "Which workloads drive the tokens?",
        answer=_who_drives(found),
        caption=f"by {found.asked.step}, input and output",
        rows_url=found.asked.rows(),
    )
    lines = [(g, [s.tokens for s in line]) for g, line in found.series.lines]
    named = [(group.label, values) for group, values in lines if group.name]
    others = [(group.label, values) for group, values in lines if not group.name]
    times = moments(found.series.steps, found.asked.period.grain)
    return figures.stacked_bars(
        words, times, named, unit=figures.TOKENS, others=others[0] if others else None
    )


def _who_drives(found: Usage) -> str:
    total = found.workloads.total.tokens
    named = [group for group in found.workloads.groups if group.name]
    if not total or not named:
        return ""
    said = f"{named[0].label} is {formats.percent(named[0].sums.tokens / total)}"
    before = {g.label: found.cube.before(Dimension.WORKLOAD, g).tokens for g in named}
    grown = [(g.sums.tokens / before[g.label] - 1, g.label) for g in named if before[g.label]]
    growth, label = max(grown, default=(0.0, ""))
    if growth < GROWN:
        return f"{said}."
    return f"{said}; {label} grows fastest, +{formats.percent(growth)} {found.asked.against}."


def _throttled(found: Usage) -> figures.Figure:
    answer = found.cube.answer(Dimension.DEPLOYMENT, top=None, order="throttled")
    said = ""
    if answer.total.throttled:
        first = answer.groups[0]
        part = formats.percent(first.sums.throttled / answer.total.throttled)
        said = f"{first.label} takes {part} of all 429s."
    words = _words(
        found,
        "throttled",
        "Who is being throttled?",
        answer=said,
        caption="answered with 429",
        rows_url=found.asked.rows(outcome="throttled"),
        empty_title="Nobody is being throttled",
        empty_text="No call of this period was answered with 429.",
    )
    bars = [(group.label, group.sums.throttled) for group in answer.groups]
    return figures.ranked_bars(words, bars, unit=figures.REQUESTS)


def _hours(found: Usage) -> figures.Figure:
    present, before = found.hours
    known = [(mean, hour) for hour, mean in zip(HOURS, present, strict=True) if mean is not None]
    said = ""
    if known:  # no hour is whole in the first one of a period
        most, at = max(known, key=lambda one: (one[0], -one[1]))
        least, low = min(known)
        said = f"Most at {at:02d}:00, {_mean(most)} an hour; least at {low:02d}:00, {_mean(least)}."
    words = _words(
        found,
        "hours",
        "When does the traffic come?",
        answer=said,
        caption="an hour on average, by hour of the day, UTC",
        empty_title="No hour is over yet",
        empty_text="The hour that goes on counts here once it is whole.",
    )
    then = ("period before", before) if any(before) else None
    return figures.lines(words, HOURS, [("this period", present)], unit=MEAN, before=then)


def _mean(requests: float) -> str:
    return formats.number(requests, 1) if requests < 10 else formats.short_count(round(requests))


def _cached(found: Usage) -> figures.Figure:
    total, before = found.workloads.total, found.workloads.before
    said = ""
    if total.cached_share is not None:
        said = f"{formats.percent(total.cached_share)} of the input"
        trend = formats.trend(
            total.cached_share, before.cached_share, found.asked.against, by="points"
        )
        said += f", {trend}." if trend.way else "."
    words = _words(
        found,
        "cached",
        "How much is answered from cache?",
        answer=said,
        caption=f"of input tokens, by {found.asked.step}",
        empty_title="No source tells of cached input",
        empty_text="Unknown is not zero: the calls of this period came without that number.",
    )
    period, steps = found.asked.period, found.series.steps
    shares = whole([step.cached_share for step in found.totals], period)
    return figures.share_line(words, moments(steps, period.grain)[: len(shares)], shares)


def _table_file(found: Usage) -> File:
    answer = found.cube.answer(found.by, top=None)
    return table_file("usage.csv", found.cube, answer, found.by, change="tokens_change")


def _tokens_file(found: Usage) -> File:
    return file_of("usage-tokens.csv", list(plain.steps(found.workloads)))


def _throttled_file(found: Usage) -> File:
    answer = found.cube.answer(Dimension.DEPLOYMENT, top=None, order="throttled")
    return file_of("usage-throttled.csv", plain.rows(answer))


def _hours_file(found: Usage) -> File:
    header = ("hour", "requests_mean", "requests_mean_before")
    return File("usage-hours.csv", header, list(zip(HOURS, *found.hours, strict=True)))


def _cached_file(found: Usage) -> File:
    grain = found.asked.period.grain
    header = (grain.value, "cached_base", "cached_tokens", "cached_share")
    rows = [
        (plain.step(at, grain), step.cached_base, step.cached, step.cached_share)
        for at, step in zip(found.series.steps, found.totals, strict=True)
    ]
    return File("usage-cached.csv", header, rows)


FILES: dict[str, Callable[[Usage], File]] = {
    "table": _table_file,
    "tokens": _tokens_file,
    "throttled": _throttled_file,
    "hours": _hours_file,
    "cached": _cached_file,
    "classes": lambda found: classes.file(found.workloads.total),
}
