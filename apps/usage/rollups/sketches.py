"""Set-based SQL of the latency rollups: cells for any filter, and ready sketches.

Only answers count (status below 400) whose latency is known; metric 0 is the whole answer, 1 the
first token.
"""

from apps.usage.rollups.additive import DAY_OF, HOUR_OF
from apps.usage.selectors.schema import CELL_KEY, LOG_GAMMA, READY_DIMS

_KEY = ", ".join(CELL_KEY)
_METRICS = (
    "CROSS JOIN LATERAL (VALUES (0::smallint, latency_ms), (1::smallint, ttft_ms)) m(metric, ms)"
)
_ANSWERS = "ts >= %(lo)s AND ts < %(hi)s AND role = 0 AND status < 400 AND ms IS NOT NULL"
_STEPS = "CROSS JOIN LATERAL unnest(idx, cum, 0 || cum) AS u(b, c, p)"


def _cells(grain: str, counted: str) -> str:
    """Fold (time, key, metric, bucket, n) rows into one cumulative sketch per key."""
    return f"""
INSERT INTO latency_cell_{grain} ({grain}, {_KEY}, metric, n, idx, cum)
SELECT {grain}, {_KEY}, metric, max(c), array_agg(b ORDER BY b), array_agg(c ORDER BY b) FROM (
    SELECT *, (sum(n) OVER (PARTITION BY {grain}, {_KEY}, metric ORDER BY b))::int AS c
    FROM ({counted}) AS counted
) AS running GROUP BY {grain}, {_KEY}, metric
"""  # noqa: S608


CELL_HOURS = _cells(
    "hour",
    f"""SELECT {HOUR_OF} AS hour, {_KEY}, metric,
        ceil(ln(greatest(ms, 1)::float8) / {LOG_GAMMA})::smallint AS b, count(*) AS n
    FROM usage_record {_METRICS} WHERE {_ANSWERS}
    GROUP BY 1, {_KEY}, metric, b""",  # noqa: S608
)
CELL_DAYS = _cells(
    "day",
    f"""SELECT {DAY_OF} AS day, {_KEY}, metric, b, sum(c - p) AS n
    FROM latency_cell_hour {_STEPS}
    WHERE hour >= %(lo)s AND hour < %(hi)s AND b IS NOT NULL
    GROUP BY 1, {_KEY}, metric, b""",  # noqa: S608
)


def _ready(grain: str) -> str:
    """Merge cells into one packed sketch for each value of each ready dimension."""
    dims = {column: dim for dim, column in READY_DIMS[f"latency_{grain}"].items() if dim}
    sets = ", ".join(f"({grain}, metric, b{column})" for column in ("", *(f", {c}" for c in dims)))
    cases = " ".join(f"WHEN grouping({column}) = 0 THEN {dim}" for column, dim in dims.items())
    return f"""
INSERT INTO latency_{grain} ({grain}, dim, id, metric, n, idx, cum)
SELECT {grain}, dim, id, metric, max(c),
    string_agg(int2send(b), '' ORDER BY b), string_agg(int4send(c), '' ORDER BY b)
FROM (
    SELECT *, (sum(n) OVER (PARTITION BY {grain}, dim, id, metric ORDER BY b))::int AS c FROM (
        SELECT {grain}, metric, b, sum(c - p) AS n,
            (CASE {cases} ELSE 0 END)::smallint AS dim, coalesce({", ".join(dims)}, 0) AS id
        FROM latency_cell_{grain} {_STEPS}
        WHERE {grain} >= %(lo)s AND {grain} < %(hi)s AND b IS NOT NULL
        GROUP BY GROUPING SETS ({sets})
    ) AS counted
) AS running GROUP BY {grain}, dim, id, metric
"""  # noqa: S608


READY_HOURS = _ready("hour")
READY_DAYS = _ready("day")
