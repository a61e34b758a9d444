"""Percentiles from sketches, at most 1 % off: of groups, of the total, over time, by hour of week.

A question about one whole dimension reads its ready sketches; any other merges the cells of its
filter. Buckets add up, percentiles never do.
"""

from collections.abc import Sequence
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
Key = tuple[Any, Any]


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
    return _merged(answer.scope, period, metric, "0", [], "0").get((0, 0), NONE)


def percentiles_of_groups(answer: Answer, metric: Metric = Metric.ANSWER) -> list[Percentiles]:
    """Return the percentiles of each group of an answer, in its order, "others" too."""
    by, groups = answer.question.by, answer.groups
    if by is None or not groups:
        return []
    line, values = _line(by, groups)
    found = _merged(answer.scope, answer.question.period, metric, line, values, "0", by)
    return [found.get((0, position), NONE) for position in range(len(groups))]


def percentiles_over_time(
    answer: Answer, metric: Metric = Metric.ANSWER
) -> list[tuple[datetime, Percentiles]]:
    """Return the percentiles of each step of an answer's period up to now."""
    period = answer.question.period
    found = _merged(answer.scope, period, metric, "0", [], "step")
    return [(at, found.get((at, 0), NONE)) for at in period.steps(timezone.now())]


def percentiles_by_weekday_hour(
    answer: Answer, metric: Metric = Metric.ANSWER
) -> dict[tuple[int, int], Percentiles]:
    """Return the percentiles of each (weekday, hour) that had answers; Monday is 0, UTC."""
    period = Period(answer.question.period.start, answer.question.period.end, Grain.HOUR)
    found = _merged(answer.scope, period, metric, "0", [], "hour of week")
    return {(slot // 24, slot % 24): one for (slot, _), one in found.items()}


def _line(by: Dimension, groups: Sequence[Group]) -> tuple[str, list[Any]]:
    column = COLUMNS[by]
    cases = " ".join(f"WHEN {column} = ANY(%s) THEN {n}" for n in range(len(groups)))
    return f"CASE {cases} END", [sorted(group.ids) for group in groups]


def _where(scope: Scope, period: Period, by: Dimension | None) -> _Read:
    """Choose ready sketches where one dimension alone is asked about, else cells."""
    fine = period.grain == Grain.HOUR or not period.whole_days
    at = "hour" if fine else "day"
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


def _merged(
    scope: Scope,
    period: Period,
    metric: Metric,
    line: str,
    line_values: list[Any],
    steps: str,
    by: Dimension | None = None,
) -> dict[Key, Percentiles]:
    """Merge sketches by (step, line) and read the percentiles off the running counts."""
    read = _where(scope, period, by)
    if by and read.table in ("latency_hour", "latency_day"):
        line = line.replace(COLUMNS[by], "id")
    at = {
        "0": "0",
        "step": step(read.at, period.grain) if period.grain != Grain.TOTAL else "0",
        "hour of week": f"(floor(date_part('epoch', {read.at}) / 3600)::bigint + 72) %% 168",
    }[steps]
    ranks = ", ".join(f"min(b) FILTER (WHERE c >= ceil({q} * total))" for q in QUANTILES)
    sql = f"""
        WITH picked AS (
            SELECT {at} AS step, {line} AS line, idx, cum FROM {read.table}
            WHERE {read.at} >= %s AND {read.at} < %s AND metric = %s AND {read.condition}
        ), counted AS (
            SELECT step, line, b, sum(c - p)::bigint AS n
            FROM picked CROSS JOIN LATERAL unnest(idx, cum, 0 || cum) AS u(b, c, p)
            WHERE b IS NOT NULL GROUP BY step, line, b
        ), running AS (
            SELECT step, line, b, sum(n) OVER (PARTITION BY step, line ORDER BY b) AS c,
                sum(n) OVER (PARTITION BY step, line) AS total
            FROM counted
        )
        SELECT step, line, max(total)::bigint, {ranks} FROM running GROUP BY step, line
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [*line_values, period.start, period.end, metric.value, *read.values])
        rows = cursor.fetchall()
    return {(row[0], row[1]): Percentiles(row[2], *map(_ms, row[3:])) for row in rows}


def _ms(bucket: int) -> float:
    """Return the middle of a bucket."""
    return exp(float(LOG_GAMMA) * bucket) * 0.99
