"""The parts of the latency page: four numbers, four figures, and a table by any dimension."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from apps.dashboards import figures
from apps.dashboards.figures import Figure, Unit, Words
from apps.dashboards.panels.asked import Asked, Context, bar
from apps.dashboards.panels.latency.known import Latency
from apps.dashboards.panels.nothing import nothing
from apps.dashboards.panels.table import groupings, rows_of
from apps.kernel import formats
from apps.usage import selectors as usage
from apps.usage.states import Metric

NOISE = 0.02  # two sketches, each at most 1 % off: a smaller change is none
ENOUGH = 1_000  # answers; of fewer the highest percentiles are chance
SPEED = Unit("tokens per s", 1, lambda value: formats.number(value, 1), ",.1f")
UNKNOWN_TITLE = "No source tells a latency here"
UNKNOWN_TEXT = "Files of traces know tokens only; the gateway and Azure Monitor tell latency too."
SOON_TITLE = "These calls are being added up"
SOON_TEXT = "Latency follows totals within a minute. Load the page again."
ONLY_STREAMED = "Only streamed answers have a first token, and only some sources tell of it."


def page(asked: Asked) -> Context:
    """Lay out the page."""
    known = Latency(asked)
    total = known.answer.total
    shown: Context = {
        **bar(asked, known.cube),
        "asked": asked,
        "by": known.by,
        "total": total,
        "as_of": min(known.cube.complete),
    }
    if empty := nothing(asked, known.cube, "latency"):
        return shown | {"nothing": empty}
    if not total.latency_known:
        calls = f"{formats.plural(total.requests, 'call')} in this period, none with a latency."
        return shown | {"nothing": {"title": UNKNOWN_TITLE, "text": f"{calls} {UNKNOWN_TEXT}"}}
    if not known.waits[Metric.ANSWER].now.n:
        return shown | {"nothing": {"title": SOON_TITLE, "text": SOON_TEXT}}
    rows = _rows(known)
    slowest = max((one["p99"] or 0 for one in rows), default=0)
    return shown | {
        "kpis": _kpis(known),
        "figures": [
            (_waits(known), ""),
            (_hours(known), ""),
            (_first_token(known), "p-s6"),
            (_speed(known), "p-s6"),
        ],
        "rows": rows,
        "whole": _numbers(known.waits, total, asked.rows()),
        "range_top": figures.round_up(slowest) if slowest else 0,
        "slowest": _slowest(rows),
        "groupings": groupings(asked, known.by),
        "more": any(row["others"] for row in rows),
        "all_url": asked.address(by=known.by.value, rows="all"),
        "csv_url": asked.address(by=known.by.value, format="csv", figure="table"),
    }


def _kpis(known: Latency) -> list[Context]:
    answer, first = known.waits[Metric.ANSWER], known.waits[Metric.FIRST_TOKEN]
    return [
        _kpi(known, "Half of all answers within", answer, "p50"),
        _kpi(known, "95 % within", answer, "p95"),
        _kpi(known, "99 % within", answer, "p99"),
        _kpi(known, "First token, 95 % within", first, "p95"),
    ]


def _kpi(known: Latency, label: str, waits: usage.Waits, name: str) -> Context:
    now, before = getattr(waits.now, name), getattr(waits.before, name)
    if now is None:
        return {"label": label, "value": formats.UNKNOWN, "foot": "no source tells it"}
    shown = {"label": label, "value": formats.seconds_amount(now), "unit": "s"}
    if before is None:
        return shown | {"foot": "± 1 %, nothing before it"}
    return shown | {"trend": _trend(waits, name, known.asked.against_whole)}


def _trend(waits: usage.Waits, name: str, against: str = "") -> formats.Trend:
    """Compare with the period before; better or worse only where it is certain."""
    now, before = getattr(waits.now, name), getattr(waits.before, name)
    many = min(waits.now.n, waits.before.n) >= ENOUGH
    better = "down" if many and abs(now - before) > NOISE * before else ""
    return formats.trend(now, before, against, by="ms", better=better)


def _waits(known: Latency) -> Figure:
    found = known.waits[Metric.ANSWER]
    steps = [one for _, one in found.steps]
    moments = known.moments(found.steps)
    words = Words(
        id="waits",
        question="How long do people wait, and did it get worse?",
        answer=f"{_compared(known)} {_worst(moments, [one.p95 for one in steps])}".strip(),
        caption=f"until the whole answer, by {known.asked.step}, UTC, ± 1 %",
        csv_url=known.csv_url("waits"),
        rows_url=known.asked.rows(slower_ms=str(int(found.now.p95 or 0))),
        rows_label="The slowest 5 % of calls",
    )
    p50, p95, p99 = ([getattr(one, name) for one in steps] for name in ("p50", "p95", "p99"))
    return figures.percentile_lines(words, moments, p50, p95, p99)


def _compared(known: Latency) -> str:
    found = known.waits[Metric.ANSWER]
    now, before = found.now.p95, found.before.p95
    if not now or not before:
        return ""
    against = known.asked.against_whole.removeprefix("on ")
    if abs(now - before) <= NOISE * before:
        return f"As {against}."
    way = "slower" if now > before else "faster"
    return f"95 % came {formats.seconds(abs(now - before))} {way} than in {against}."


def _worst(times: Sequence[date], values: Sequence[float | None]) -> str:
    found = [(value, at) for at, value in zip(times, values, strict=True) if value is not None]
    if len(found) < 2:
        return ""
    value, at = max(found, key=lambda one: one[0])
    return f"Slowest {_when(at)}: 95 % within {formats.seconds(value)}."


def _when(at: date) -> str:
    if isinstance(at, datetime):
        return f"on {formats.day(at.date())} at {at:%H}:00"
    return f"on {formats.DAYS[at.weekday()]} {formats.day(at)}"


def _hours(known: Latency) -> Figure:
    found = [
        (value, day, hour)
        for day, row in enumerate(known.hours)
        for hour, value in enumerate(row)
        if value is not None
    ]
    answer = ""
    if len(found) > 1:
        value, day, hour = max(found)
        low, low_day, low_hour = min(found)
        answer = (
            f"Slowest on {formats.DAYS[day]} from {hour:02d}:00, {formats.seconds(value)}; "
            f"fastest on {formats.DAYS[low_day]} from {low_hour:02d}:00, {formats.seconds(low)}."
        )
    words = Words(
        id="hours",
        question="At which hours is it slow?",
        answer=answer,
        caption="p95 by weekday and hour, UTC, ± 1 %",
        csv_url=known.csv_url("hours"),
    )
    return figures.heat_table(words, known.hours, unit=figures.SECONDS)


def _first_token(known: Latency) -> Figure:
    found = known.waits[Metric.FIRST_TOKEN]
    within = f"95 % start within {formats.seconds(found.now.p95)}." if found.now.p95 else ""
    words = Words(
        id="first",
        question="How soon does the answer start?",
        answer=within,
        caption=f"until the first token, by {known.asked.step}, ± 1 %",
        csv_url=known.csv_url("first_token"),
        empty_title="No source tells a first token here",
        empty_text=ONLY_STREAMED,
    )
    steps = [one for _, one in found.steps]
    series = [("p50", [one.p50 for one in steps]), ("p95", [one.p95 for one in steps])]
    times = known.moments(found.steps)
    return figures.lines(words, times, series, unit=figures.SECONDS)


def _speed(known: Latency) -> Figure:
    values = [value for _, value in known.speed]
    told = [value for value in values if value is not None]
    mean = known.answer.total.tokens_per_s
    answer = f"{formats.number(mean)} tokens a second after the first" if mean else ""
    if len(told) > 1:
        answer += f", from {formats.number(min(told))} to {formats.number(max(told))}"
    words = Words(
        id="speed",
        question="How fast does it write?",
        answer=f"{answer}." if answer else "",
        caption=f"of output after the first token, mean by {known.asked.step}",
        csv_url=known.csv_url("speed"),
        empty_title="Nobody tells how fast it writes",
        empty_text=ONLY_STREAMED,
    )
    times = known.moments(known.speed)
    return figures.lines(words, times, [("tokens per s", values)], unit=SPEED)


def _rows(known: Latency) -> list[Context]:
    """Lay out the groups with their percentiles; each leads to its calls."""
    rows = []
    laid = rows_of(known.asked, known.cube, known.answer)
    for row, (group, found) in zip(laid, known.groups, strict=True):
        calls = known.asked.rows(**{known.by.value: group.name.key}) if group.name else ""
        rows.append(vars(row) | _numbers(found, group.sums, calls))
    return rows


def _numbers(found: Mapping[Metric, usage.Waits], sums: usage.Sums, calls_url: str) -> Context:
    answer = found[Metric.ANSWER]
    return {
        "p50": answer.now.p50,
        "p95": answer.now.p95,
        "p99": answer.now.p99,
        "before": answer.before.p95,
        "change": _trend(answer, "p95"),
        "first": found[Metric.FIRST_TOKEN].now.p95,
        "requests": sums.requests,
        "speed": sums.tokens_per_s,
        "calls_url": calls_url,
    }


def _slowest(ranges: Sequence[Context]) -> str:
    known = [one for one in ranges if one["p95"] and not one["others"]]
    if len(known) < 2:
        return ""
    slowest = max(known, key=lambda one: one["p95"])
    return f"{slowest['label']} is the slowest: 95 % within {formats.seconds(slowest['p95'])}."
