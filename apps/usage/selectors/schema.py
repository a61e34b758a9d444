"""Names of partitions, and the columns of rollups with how each is counted from raw rows."""

from datetime import date

RAW = "usage_record"
BY_MONTH = (
    "usage_hour",
    "usage_day",
    "usage_minute",
    "latency_hour",
    "latency_day",
    "latency_cell_hour",
    "latency_cell_day",
)
KEY = (
    "workload_id",
    "deployment_id",
    "team_id",
    "bu_id",
    "model_id",
    "price_set_id",
    "environment_id",
    "region_id",
    "source_id",
)
CELL_KEY = tuple(name for name in KEY if name not in ("price_set_id", "source_id"))
_OK = "FILTER (WHERE status < 400)"
_WRITING = "FILTER (WHERE status < 400 AND latency_ms > ttft_ms)"
SUMS = {
    "requests": "count(*)",
    "errors": "count(*) FILTER (WHERE status >= 400)",
    "throttled": "count(*) FILTER (WHERE status = 429)",
    "unpriced": "count(*) FILTER (WHERE list_cost_nano IS NULL)",
    "spilled": "count(*) FILTER (WHERE is_spillover)",
    "spill_known": "count(is_spillover)",
    "input_tokens": "sum(input_tokens)",
    "output_tokens": "sum(output_tokens)",
    "cached_tokens": "coalesce(sum(cached_tokens), 0)",
    "cached_known": "count(cached_tokens)",
    "cached_base": "coalesce(sum(input_tokens) FILTER (WHERE cached_tokens IS NOT NULL), 0)",
    "cache_write_tokens": "coalesce(sum(cache_write_tokens), 0)",
    "cache_write_known": "count(cache_write_tokens)",
    "reasoning_tokens": "coalesce(sum(reasoning_tokens), 0)",
    "reasoning_known": "count(reasoning_tokens)",
    "audio_in_tokens": "coalesce(sum(audio_in_tokens), 0)",
    "audio_in_known": "count(audio_in_tokens)",
    "audio_out_tokens": "coalesce(sum(audio_out_tokens), 0)",
    "audio_out_known": "count(audio_out_tokens)",
    "images": "coalesce(sum(images), 0)",
    "images_known": "count(images)",
    "list_cost_nano": "coalesce(sum(list_cost_nano), 0)::bigint",
    "latency_known": f"count(latency_ms) {_OK}",
    "latency_sum_ms": f"coalesce(sum(latency_ms) {_OK}, 0)",
    "ttft_known": f"count(ttft_ms) {_OK}",
    "ttft_sum_ms": f"coalesce(sum(ttft_ms) {_OK}, 0)",
    "written_tokens": f"coalesce(sum(output_tokens) {_WRITING}, 0)",
    "writing_ms": f"coalesce(sum(latency_ms - ttft_ms) {_WRITING}, 0)",
}
READY_HOURS = {0: "0", 1: "bu_id", 2: "team_id", 4: "model_id"}
READY_DIMS = {  # ready sketches of a whole dimension, by table and by its column `dim`
    "latency_hour": READY_HOURS,
    "latency_day": READY_HOURS | {3: "deployment_id"},  # an hour of one is a few cells
}
LOG_GAMMA = "0.0200006667066694"  # ln(1.01 / 0.99): a sketch is at most 1 % off


def minutes_of(only: str = "") -> str:
    """Count the minutes of [lo, hi) from raw rows: ready cells, one per hour and deployment.

    A cell has 32 bytes for each minute with calls, in order: four for the minute since 1970, four
    for the calls, four for the refused ones, eight for their tokens, and three times four for the
    milliseconds within which 50, 95 and 99 % were answered, -1 where no source told a latency.
    """
    return f"""
SELECT to_timestamp(minute / 60 * 3600.0) AS hour, deployment_id, string_agg(
    int4send(minute) || int4send(requests) || int4send(throttled) || int8send(tokens)
        || int4send(coalesce(ms[1], -1)) || int4send(coalesce(ms[2], -1))
        || int4send(coalesce(ms[3], -1)), '' ORDER BY minute) AS minutes
FROM (
    SELECT deployment_id, floor(date_part('epoch', ts) / 60)::int AS minute,
        count(*)::int AS requests, (count(*) FILTER (WHERE status = 429))::int AS throttled,
        sum(input_tokens) + sum(output_tokens) AS tokens,
        percentile_disc(ARRAY[0.5, 0.95, 0.99])
            WITHIN GROUP (ORDER BY latency_ms) FILTER (WHERE status < 400) AS ms
    FROM {RAW} WHERE role = 0 AND ts >= %(lo)s AND ts < %(hi)s {only}
    GROUP BY deployment_id, minute
) AS counted GROUP BY deployment_id, minute / 60
"""  # noqa: S608


def raw_table(day: date) -> str:
    """Name the raw partition of a UTC day."""
    return f"{RAW}_{day:%Y%m%d}"


def month_of(day: date) -> str:
    """Name the month in partitions of rollups."""
    return f"{day:%Y%m}"
