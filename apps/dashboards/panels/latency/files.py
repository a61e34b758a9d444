"""The numbers of the latency page as files: ms as whole numbers, unknown is empty."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from apps.dashboards.panels.asked import Asked
from apps.dashboards.panels.latency.known import Latency
from apps.dashboards.panels.table import File, file_of
from apps.kernel import formats
from apps.kernel.errors import InvalidError
from apps.usage import selectors as usage
from apps.usage.selectors import plain
from apps.usage.states import Metric


def file(asked: Asked) -> File:
    """Return the numbers of one figure; raises InvalidError for a figure that there is not."""
    name = asked.query.get("figure") or "waits"
    if name not in FILES:
        known = ", ".join(FILES)
        raise InvalidError(
            f"There is no figure “{name[:40]}” here; {known} would pass.", {"figure": known}
        )
    header, rows = FILES[name](Latency(asked))
    return File(f"latency-{name}.csv", header, rows)


CELLS = ("answers", "p50_ms", "p95_ms", "p99_ms")
Table = tuple[Sequence[str], Sequence[Sequence[Any]]]


def _over_time(metric: Metric, known: Latency) -> Table:
    header = (known.asked.step, *CELLS)
    grain = known.asked.period.grain
    steps = known.waits[metric].steps
    return header, [(plain.step(at, grain), *_cells(one)) for at, one in steps]


def _by_hour(known: Latency) -> Table:
    rows = [
        (formats.DAYS[day], hour, _whole(ms))
        for day, row in enumerate(known.hours)
        for hour, ms in enumerate(row)
    ]
    return ("weekday", "hour_utc", "p95_ms"), rows


def _by_group(known: Latency) -> Table:
    by = known.by.value
    rows = [
        {
            by: group.label,
            **plain.of_group(known.answer, group),
            "requests": group.sums.requests,
            **dict(zip(CELLS, _cells(found[Metric.ANSWER].now), strict=True)),
            **_compared(found[Metric.ANSWER]),
            "first_token_p95_ms": _whole(found[Metric.FIRST_TOKEN].now.p95),
            "tokens_per_s": _tenths(group.sums.tokens_per_s),
        }
        for group, found in known.groups
    ]
    file = file_of("", rows)
    return file.header or (by,), file.rows


def _compared(waits: usage.Waits) -> dict[str, int | None]:
    now, before = _whole(waits.now.p95), _whole(waits.before.p95)
    change = None if now is None or before is None else now - before
    return {"p95_before_ms": before, "p95_change_ms": change}


def _speeds(known: Latency) -> Table:
    grain = known.asked.period.grain
    rows = [(plain.step(at, grain), _tenths(value)) for at, value in known.speed]
    return (known.asked.step, "tokens_per_s"), rows


def _cells(one: usage.Percentiles) -> Sequence[int | None]:
    return (one.n, _whole(one.p50), _whole(one.p95), _whole(one.p99))


def _whole(ms: float | None) -> int | None:
    return None if ms is None else round(ms)


def _tenths(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


FILES: dict[str, Callable[[Latency], Table]] = {
    "waits": partial(_over_time, Metric.ANSWER),
    "first_token": partial(_over_time, Metric.FIRST_TOKEN),
    "hours": _by_hour,
    "table": _by_group,
    "speed": _speeds,
}
