"""Percentiles from sketches, at most 1 % off: of groups, of the total, over time, by hour of week.

A question about one whole dimension reads its ready sketches; any other adds up the cells of its
filter. Buckets add up, percentiles never do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from apps.usage.selectors import sketches
from apps.usage.selectors.period import Period
from apps.usage.selectors.questions import Answer, Group, line_of, step
from apps.usage.selectors.schema import READY_DIMS
from apps.usage.selectors.scope import COLUMNS, Scope
from apps.usage.selectors.sketches import Percentiles, Select, Sketches
from apps.usage.states import Dimension, Grain, Metric

READY = {table: {column: dim for dim, column in dims.items()} for table, dims in READY_DIMS.items()}
NONE = Percentiles()
SLOT = "((date_part('epoch', hour) / 3600)::bigint + 72) %% 168"  # of a week, from Monday


@dataclass(frozen=True)
class _Source:
    """Where the sketches of a question are: a table, its columns of time and group, its rows."""

    table: str
    sketch: str
    at: str
    group: str
    condition: str
    values: list[Any]


@dataclass(frozen=True)
class Waits:
    """Percentiles of one metric: of the period, of the whole period before, and of each step."""

    now: Percentiles
    before: Percentiles
    steps: Sequence[tuple[datetime, Percentiles]]


@dataclass(frozen=True)
class Grid:
    """Percentiles of each group, "others" too, in each step of time."""

    steps: Sequence[datetime]
    lines: Sequence[tuple[Group, Sequence[Percentiles]]]


def percentiles_of_total(
    answer: Answer, metric: Metric = Metric.ANSWER, *, before: bool = False
) -> Percentiles:
    """Return the percentiles of all that an answer is about, or of the period before."""
    period = answer.question.period
    if before:
        period = period.before(timezone.now())
    return sketches.read(_select(answer.scope, period, [metric])).total()


def waits(answer: Answer) -> dict[Metric, Waits]:
    """Return what a page about latency shows of each metric; one query.

    The period before is not cut as long as this one has lasted: percentiles need no equal length,
    and whole days are read from daily sketches.
    """
    now, period = timezone.now(), answer.question.period
    earlier = Period(period.before(now).start, period.start, Grain.DAY)
    found = sketches.read(
        _select(answer.scope, earlier, Metric, line="1", stepped=True),
        _select(answer.scope, period, Metric, line="0", stepped=True),
    )
    totals = found.by(lambda metric, at, before: (metric, before))
    each = found.by(lambda *key: key)
    steps = [(at, int(at.timestamp())) for at in period.steps(now)]
    return {
        metric: Waits(
            totals.get((metric, 0), NONE),
            totals.get((metric, 1), NONE),
            [(at, each.get((metric, begin, 0), NONE)) for at, begin in steps],
        )
        for metric in Metric
    }


def waits_of_groups(answer: Answer) -> list[dict[Metric, Percentiles]]:
    """Return the percentiles of each metric and group, "others" too, in order; one query."""
    found = _of_groups(answer, Metric).by(lambda metric, at, place: (place, metric))
    return [
        {metric: found.get((place, metric), NONE) for metric in Metric}
        for place in range(len(answer.groups))
    ]


def groups_and_before(answer: Answer) -> list[dict[Metric, Waits]]:
    """Compare each metric and group with the whole period before, in order; one query."""
    period, by = answer.question.period, answer.question.by
    earlier = Period(period.before(timezone.now()).start, period.start, Grain.TOTAL)
    named = [group for group in answer.groups if group.name]
    found = sketches.read(
        _select(answer.scope, earlier, Metric, by, named),  # its step is 0
        _select(answer.scope, period, Metric, by, named, stepped=True),
    ).by(lambda metric, at, place: (place, metric, at > 0))
    return [
        {
            metric: Waits(
                found.get((place, metric, True), NONE), found.get((place, metric, False), NONE), ()
            )
            for metric in Metric
        }
        for place in range(len(answer.groups))
    ]


def percentiles_by_group_over_time(answer: Answer) -> dict[Metric, Grid]:
    """Spread the percentiles of an answer's groups over the steps of its period; one query."""
    steps = answer.question.period.steps(timezone.now())
    begins = [int(at.timestamp()) for at in steps]
    found = _of_groups(answer, Metric, stepped=True).by(lambda *key: key)
    return {
        metric: Grid(
            steps,
            [
                (group, [found.get((metric, begin, place), NONE) for begin in begins])
                for place, group in enumerate(answer.groups)
            ],
        )
        for metric in Metric
    }


def percentiles_with_total(
    answer: Answer, metric: Metric = Metric.ANSWER
) -> tuple[Percentiles, list[Percentiles]]:
    """Return the percentiles of the total, and of each group of an answer; one query."""
    read = _of_groups(answer, [metric])
    found = read.by(lambda metric, at, place: place)
    return read.total(), [found.get(place, NONE) for place in range(len(answer.groups))]


def percentiles_by_weekday_hour(
    answer: Answer, metric: Metric = Metric.ANSWER
) -> dict[tuple[int, int], Percentiles]:
    """Return the percentiles of each (weekday, hour) that had answers; Monday is 0, UTC."""
    period = Period(answer.question.period.start, answer.question.period.end, Grain.HOUR)
    read = sketches.read(_select(answer.scope, period, [metric], line=SLOT))
    return read.by(lambda metric, at, slot: divmod(slot, 24))


def _of_groups(answer: Answer, metrics: Iterable[Metric], *, stepped: bool = False) -> Sketches:
    """Read an answer's sketches under the places of its groups."""
    question = answer.question
    named = [group for group in answer.groups if group.name]
    return sketches.read(
        _select(answer.scope, question.period, metrics, question.by, named, stepped=stepped)
    )


def _select(
    scope: Scope,
    period: Period,
    metrics: Iterable[Metric],
    by: Dimension | None = None,
    groups: Sequence[Group] = (),
    *,
    line: str = "0",
    stepped: bool = False,
) -> Select:
    """Write what is read: sketches by metric, by step if they are stepped, and by line or group."""
    source = _source(scope, period, by)
    join, line_values = "", list[Any]()
    if by:
        line, join, line_values = line_of(source.group, groups)
    at = step(source.at, period.grain) if stepped and period.grain != Grain.TOTAL else "0"
    return (
        f"SELECT metric, {at} AS step, {line} AS line, {source.sketch} "  # noqa: S608
        f"FROM {source.table} {join} WHERE {source.at} >= %s AND {source.at} < %s "
        f"AND metric = ANY(%s) AND {source.condition}",
        [*line_values, period.start, period.end, [*metrics], *source.values],
    )


def _source(scope: Scope, period: Period, by: Dimension | None) -> _Source:
    """Choose ready sketches where one dimension alone is asked about, else cells."""
    fine = period.grain == Grain.HOUR or not period.whole_days
    at = "hour" if fine else "day"
    where = scope.filters()
    asked = {*where, *([by] if by else ())} if where is not None else set(Dimension)
    if where is not None and len(asked) <= 1:
        table, column = f"latency_{at}", COLUMNS[asked.pop()] if asked else "0"
        if column in READY[table]:
            condition = f"dim = {READY[table][column]}" + (" AND id = ANY(%s)" if where else "")
            return _Source(
                table, sketches.PACKED, at, "id", condition, [sorted(i) for i in where.values()]
            )
    condition, values = scope.sql()
    return _Source(
        f"latency_cell_{at}",
        sketches.ARRAYS,
        at,
        COLUMNS[by] if by else "0",
        condition,
        values,
    )
