"""The partitioned tables: raw rows by day, rollups by month; and how a sketch is read.

A sketch is sparse and cumulative: `idx` are the log buckets that occur, ascending, b =
ceil(ln(ms) / ln(1.01 / 0.99)); `cum` is the running count at each. Any percentile is one binary
search, at most 1 % off. `latency_minute` is exact: (minute of the hour) << 25 | milliseconds.
"""

from django.db import migrations

RAW = """
CREATE TABLE usage_record (
    ts timestamptz NOT NULL,
    batch_id bigint NOT NULL,
    list_cost_nano bigint,
    workload_id int NOT NULL,
    deployment_id int NOT NULL,
    team_id int NOT NULL,
    bu_id int NOT NULL,
    model_id int NOT NULL,
    price_set_id int,
    input_tokens int NOT NULL,
    output_tokens int NOT NULL,
    cached_tokens int,
    cache_write_tokens int,
    reasoning_tokens int,
    audio_in_tokens int,
    audio_out_tokens int,
    images int,
    latency_ms int,
    ttft_ms int,
    environment_id smallint NOT NULL,
    region_id smallint NOT NULL,
    source_id smallint NOT NULL,
    status smallint NOT NULL,
    role smallint NOT NULL,
    error_kind smallint,
    event_id uuid NOT NULL,
    is_spillover boolean,
    end_user_hash bytea,
    CONSTRAINT usage_record_sane CHECK (
        input_tokens >= 0 AND output_tokens >= 0 AND cached_tokens >= 0
        AND latency_ms >= 0 AND ttft_ms >= 0 AND role IN (0, 1)
        AND (list_cost_nano IS NULL OR price_set_id IS NOT NULL)
    )
) PARTITION BY RANGE (ts);
CREATE UNIQUE INDEX usage_record_once ON usage_record (workload_id, ts, event_id);
CREATE INDEX usage_record_ts ON usage_record USING brin (ts)
    WITH (pages_per_range = 16, autosummarize = on);
"""

KEY = """
    workload_id int NOT NULL,
    deployment_id int NOT NULL,
    team_id int NOT NULL,
    bu_id int NOT NULL,
    model_id int NOT NULL,
    price_set_id int NOT NULL,
    environment_id smallint NOT NULL,
    region_id smallint NOT NULL,
    source_id smallint NOT NULL,
"""
SUMS = """
    requests bigint NOT NULL,
    errors bigint NOT NULL,
    throttled bigint NOT NULL,
    unpriced bigint NOT NULL,
    spilled bigint NOT NULL,
    spill_known bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cached_tokens bigint NOT NULL,
    cached_known bigint NOT NULL,
    cached_base bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    cache_write_known bigint NOT NULL,
    reasoning_tokens bigint NOT NULL,
    reasoning_known bigint NOT NULL,
    audio_in_tokens bigint NOT NULL,
    audio_in_known bigint NOT NULL,
    audio_out_tokens bigint NOT NULL,
    audio_out_known bigint NOT NULL,
    images bigint NOT NULL,
    images_known bigint NOT NULL,
    list_cost_nano bigint NOT NULL,
    latency_known bigint NOT NULL,
    latency_sum_ms bigint NOT NULL,
    ttft_known bigint NOT NULL,
    ttft_sum_ms bigint NOT NULL,
    written_tokens bigint NOT NULL,
    writing_ms bigint NOT NULL,
"""
KEYED = (
    "workload_id, deployment_id, team_id, bu_id, model_id, price_set_id, environment_id, "
    "region_id, source_id"
)


def additive(grain: str) -> str:
    return f"""
CREATE TABLE usage_{grain} (
    {grain} timestamptz NOT NULL, {KEY} {SUMS}
    PRIMARY KEY ({grain}, {KEYED})
) PARTITION BY RANGE ({grain});
CREATE INDEX usage_{grain}_bu ON usage_{grain} (bu_id, {grain});
CREATE INDEX usage_{grain}_deployment ON usage_{grain} (deployment_id, {grain});
"""


SKETCH = """
    metric smallint NOT NULL,
    n int NOT NULL,
    idx smallint[] NOT NULL,
    cum int[] NOT NULL,
"""


def sketches(grain: str) -> str:
    """`latency_cell_*` has a sketch for each key of the rollup without price and source, for any
    filter; `latency_*` has ready ones for a whole dimension: 0 all, 1 unit, 2 team, 4 model.
    Metric 0 is the whole answer, 1 the first token."""
    return f"""
CREATE TABLE latency_cell_{grain} (
    {grain} timestamptz NOT NULL,
    workload_id int NOT NULL,
    deployment_id int NOT NULL,
    team_id int NOT NULL,
    bu_id int NOT NULL,
    model_id int NOT NULL,
    environment_id smallint NOT NULL,
    region_id smallint NOT NULL,
    {SKETCH}
    PRIMARY KEY ({grain}, workload_id, deployment_id, team_id, bu_id, model_id, environment_id,
                 region_id, metric)
) PARTITION BY RANGE ({grain});
CREATE INDEX latency_cell_{grain}_deployment ON latency_cell_{grain} (deployment_id, {grain});
CREATE INDEX latency_cell_{grain}_team ON latency_cell_{grain} (team_id, {grain});
CREATE TABLE latency_{grain} (
    {grain} timestamptz NOT NULL,
    dim smallint NOT NULL,
    id int NOT NULL,
    {SKETCH}
    PRIMARY KEY (dim, id, metric, {grain})
) PARTITION BY RANGE ({grain});
CREATE INDEX latency_{grain}_time ON latency_{grain} ({grain});
"""


MINUTES = """
CREATE TABLE latency_minute (
    hour timestamptz NOT NULL,
    deployment_id int NOT NULL,
    metric smallint NOT NULL,
    key int[] NOT NULL,
    PRIMARY KEY (deployment_id, metric, hour)
) PARTITION BY RANGE (hour);
CREATE INDEX latency_minute_hour ON latency_minute (hour);
"""

QUANTILE = """
CREATE FUNCTION sketch_quantile(idx smallint[], cum int[], n int, q float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT exp(0.0200006667066694 * idx[width_bucket(ceil(q * n)::int - 1, cum) + 1]) * 0.99 $$;
"""

TABLES = (
    "latency_minute latency_hour latency_day latency_cell_hour latency_cell_day "
    "usage_hour usage_day usage_record"
).split()


class Migration(migrations.Migration):
    dependencies = [("usage", "0001_initial")]
    operations = [
        migrations.RunSQL(
            RAW
            + additive("hour")
            + additive("day")
            + sketches("hour")
            + sketches("day")
            + MINUTES
            + QUANTILE,
            "DROP FUNCTION sketch_quantile(smallint[], int[], int, float8); "
            + "".join(f"DROP TABLE {table};" for table in TABLES),
        )
    ]
