"""Percentiles from sketches, at most 1 % off: of groups, of the total, over time, by hour of week.

A question about one whole dimension reads its ready sketches; any other merges the cells of its
filter. Buckets add up, percentiles never do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.usage.selectors.period import Period
from apps.usage.selectors.questions import Answer, Group, step
from apps.usage.selectors.schema import LOG_GAMMA, READY_DIMS
from apps.usage.selectors.scope import COLUMNS, Scope
from apps.usage.states import Dimension, Grain, Metric

READY = {column: dim for dim, column in READY_DIMS.items()}
QUANTILES = (0.5, 0.95, 0.99)


@dataclass(frozen=True)
class Percentiles:
    """Milliseconds within which so many of `n` answers came; None where no source told any."""

    n: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


NONE = Percentiles()
Key = tuple[int, Any, Any]  # metric, step, line


@dataclass(frozen=True)
class _Read:
    """Where the sketches of a question are: a table, its column of time, rows, their group."""

    table: str
    at: str
    condition: str
    values: list[Any]


def percentiles_of_total(
    answer: Answer, metric: Metric = Metric.ANSWER, *, before: bool = False
) -> Percentiles:
    """Return the percentiles of all that an answer is about, or of the period before."""
    period = answer.question.period
    if before:
        period = period.before(timezone.now())
    return _merged(answer.scope, period, [metric], "0", [], "0").get((metric, 0, 0), NONE)


def percentiles_over_time(
    answer: Answer, metric: Metric = Metric.ANSWER
) -> list[tuple[datetime, Percentiles]]:
    """Return the percentiles of each step of an answer's period up to now."""
    period = answer.question.period
    stored = _stored(answer.scope, period, metric)
    found = _merged(answer.scope, period, [metric], "0", [], "step") if stored is None else stored
    return [(at, found.get((metric, at, 0), NONE)) for at in period.steps(timezone.now())]


@dataclass(frozen=True)
class Waits:
    """Percentiles of one metric: of the period, of the whole period before, and of each step."""

    now: Percentiles
    before: Percentiles
    steps: Sequence[tuple[datetime, Percentiles]]


def waits(answer: Answer) -> dict[Metric, Waits]:
    """Return what a page about latency shows of each metric; one query.

    The period before is not cut as long as this one has lasted: percentiles need no equal length,
    and whole days are read from daily sketches.
    """
    now, period = timezone.now(), answer.question.period
    wide = Period(period.before(now).start, period.end, period.grain)
    earlier = f"({_grain(wide)} < %s)"
    found = _merged(answer.scope, wide, Metric, earlier, [period.start], "step", totals=True)
    return {
        metric: Waits(
            found.get((metric, None, False), NONE),
            found.get((metric, None, True), NONE),
            [(at, found.get((metric, at, False), NONE)) for at in period.steps(now)],
        )
        for metric in Metric
    }


def waits_of_groups(answer: Answer) -> list[dict[Metric, Percentiles]]:
    """Return the percentiles of each metric and group, "others" too, in order; one query."""
    by, groups = answer.question.by, answer.groups
    if by is None or not groups:
        return []
    line, values = _line(by, groups)
    found = _merged(answer.scope, answer.question.period, Metric, line, values, "0", by)
    return [
        {metric: found.get((metric, 0, position), NONE) for metric in Metric}
        for position in range(len(groups))
    ]


def percentiles_with_total(
    answer: Answer, metric: Metric = Metric.ANSWER
) -> tuple[Percentiles, list[Percentiles]]:
    """Return the percentiles of the total, and of each group of an answer; one query."""
    by, groups = answer.question.by, answer.groups
    line, values = _line(by, groups) if by and groups else ("NULL::int", [])
    every = f"unnest(ARRAY[{line}, -1])"
    found = _merged(answer.scope, answer.question.period, [metric], every, values, "0", by)
    of_groups = [found.get((metric, 0, place), NONE) for place in range(len(groups))]
    return found.get((metric, 0, -1), NONE), of_groups


def percentiles_by_weekday_hour(
    answer: Answer, metric: Metric = Metric.ANSWER
) -> dict[tuple[int, int], Percentiles]:
    """Return the percentiles of each (weekday, hour) that had answers; Monday is 0, UTC."""
    period = Period(answer.question.period.start, answer.question.period.end, Grain.HOUR)
    found = _merged(answer.scope, period, [metric], "0", [], "hour of week")
    return {(slot // 24, slot % 24): one for (_, slot, _), one in found.items()}


def _line(by: Dimension, groups: Sequence[Group]) -> tuple[str, list[Any]]:
    column = COLUMNS[by]
    cases = " ".join(f"WHEN {column} = ANY(%s) THEN {n}" for n in range(len(groups)))
    return f"CASE {cases} END", [sorted(group.ids) for group in groups]


def _grain(period: Period) -> str:
    """Choose the coarsest sketches that have the period's edges."""
    fine = period.grain == Grain.HOUR or not period.whole_days
    return "hour" if fine else "day"


def _where(scope: Scope, period: Period, by: Dimension | None) -> _Read:
    """Choose ready sketches where one dimension alone is asked about, else cells."""
    at = _grain(period)
    whole = scope.reach is None or scope.reach.everywhere
    asked = set(scope.where) | ({by} if by else set())
    if whole and len(asked) <= 1:
        column = COLUMNS[asked.pop()] if asked else "0"
        if column in READY:
            ids = next(iter(scope.where.values()), None)
            condition = f"dim = {READY[column]}" + (" AND id = ANY(%s)" if ids is not None else "")
            return _Read(f"latency_{at}", at, condition, [] if ids is None else [sorted(ids)])
    condition, values = scope.sql()
    return _Read(f"latency_cell_{at}", at, condition, values)


def _stored(scope: Scope, period: Period, metric: Metric) -> dict[Key, Percentiles] | None:
    """Read each step off one ready sketch; None where several must be merged."""
    read = _where(scope, period, None)
    alone = all(len(ids) == 1 for ids in scope.where.values())
    if read.table != f"latency_{period.grain}" or not alone:
        return None
    quantiles = ", ".join(f"sketch_quantile(idx, cum, n, {q})" for q in QUANTILES)
    sql = (
        f"SELECT {read.at}, n, {quantiles} FROM {read.table} "  # noqa: S608
        f"WHERE {read.at} >= %s AND {read.at} < %s AND metric = %s AND {read.condition}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [period.start, period.end, metric.value, *read.values])
        return {(metric, row[0], 0): Percentiles(*row[1:]) for row in cursor.fetchall()}


def _merged(
    scope: Scope,
    period: Period,
    metrics: Iterable[Metric],
    line: str,
    line_values: list[Any],
    steps: str,
    by: Dimension | None = None,
    *,
    totals: bool = False,
) -> dict[Key, Percentiles]:
    """Merge sketches by metric, step and line; read the percentiles off the running counts.

    With `totals` each line has one for all its steps too, under the step None.
    """
    read = _where(scope, period, by)
    if by and read.table in ("latency_hour", "latency_day"):
        line = line.replace(COLUMNS[by], "id")
    at = {
        "0": "0",
        "step": step(read.at, period.grain) if period.grain != Grain.TOTAL else "0",
        "hour of week": f"(floor(date_part('epoch', {read.at}) / 3600)::bigint + 72) %% 168",
    }[steps]
    ranks = ", ".join(f"min(b) FILTER (WHERE c >= ceil({q} * total))" for q in QUANTILES)
    sets = "(metric, step, line, b)" + (", (metric, line, b)" if totals else "")
    sql = f"""
        WITH picked AS (
            SELECT metric, {at} AS step, {line} AS line, idx, cum FROM {read.table}
            WHERE {read.at} >= %s AND {read.at} < %s AND metric = ANY(%s) AND {read.condition}
        ), counted AS (
            SELECT metric, step, line, b, sum(n)::bigint AS n
            FROM (
                SELECT metric, step, line, unnest(idx) AS b, unnest(cum) - unnest(0 || cum) AS n
                FROM picked
            ) AS buckets
            WHERE b IS NOT NULL
            GROUP BY GROUPING SETS ({sets})
        ), running AS (
            SELECT metric, step, line, b,
                sum(n) OVER (PARTITION BY metric, step, line ORDER BY b) AS c,
                sum(n) OVER (PARTITION BY metric, step, line) AS total
            FROM counted
        )
        SELECT metric, step, line, max(total)::bigint, {ranks}
        FROM running GROUP BY metric, step, line
    """  # noqa: S608
    with connection.cursor() as cursor:
        wanted = [metric.value for metric in metrics]
        cursor.execute(sql, [*line_values, period.start, period.end, wanted, *read.values])
        rows = cursor.fetchall()
    return {row[:3]: Percentiles(row[3], *map(_ms, row[4:])) for row in rows}


def _ms(bucket: int) -> float:
    """Return the middle of a bucket."""
    return exp(float(LOG_GAMMA) * bucket) * 0.99
