"""The minutes of a deployment are ready cells, one per hour: requests, tokens, exact percentiles.

They take the place of sorted latencies, of which the same percentiles were taken at each reading,
while requests and tokens were counted from raw rows. `selectors.schema.MINUTES` says how a cell
is laid out. Raw rows that are still there fill the table now, a day at a time.
"""

from django.db import migrations

TABLE = """
CREATE TABLE usage_minute (
    hour timestamptz NOT NULL,
    deployment_id int NOT NULL,
    minutes bytea NOT NULL,
    PRIMARY KEY (deployment_id, hour)
) PARTITION BY RANGE (hour);
CREATE INDEX usage_minute_hour ON usage_minute (hour);
"""
CELLS = """
INSERT INTO usage_minute (hour, deployment_id, minutes)
SELECT to_timestamp(minute / 60 * 3600.0), deployment_id, string_agg(
    int4send(minute) || int4send(requests) || int4send(throttled) || int8send(tokens)
        || int4send(coalesce(ms[1], -1)) || int4send(coalesce(ms[2], -1))
        || int4send(coalesce(ms[3], -1)), '' ORDER BY minute)
FROM (
    SELECT deployment_id, floor(date_part('epoch', ts) / 60)::int AS minute,
        count(*)::int AS requests, (count(*) FILTER (WHERE status = 429))::int AS throttled,
        sum(input_tokens) + sum(output_tokens) AS tokens,
        percentile_disc(ARRAY[0.5, 0.95, 0.99])
            WITHIN GROUP (ORDER BY latency_ms) FILTER (WHERE status < 400) AS ms
    FROM usage_record WHERE role = 0 AND ts >= lo AND ts < lo + interval '24 hours'
    GROUP BY deployment_id, minute
) AS counted
GROUP BY deployment_id, minute / 60;
"""
OLD_TABLE = """
CREATE TABLE latency_minute (
    hour timestamptz NOT NULL,
    deployment_id int NOT NULL,
    metric smallint NOT NULL,
    key int[] NOT NULL,
    PRIMARY KEY (deployment_id, metric, hour)
) PARTITION BY RANGE (hour);
CREATE INDEX latency_minute_hour ON latency_minute (hour);
"""
KEYS = """
INSERT INTO latency_minute (hour, deployment_id, metric, key)
SELECT hour, deployment_id, metric, array_agg(k ORDER BY k) FROM (
    SELECT date_bin('1 hour', ts, '2000-01-01 00:00+00') AS hour, deployment_id, metric,
        ((floor(date_part('epoch', ts) / 60)::bigint % 60)::int << 25) | least(ms, 33554431) AS k
    FROM usage_record
    CROSS JOIN LATERAL (VALUES (0::smallint, latency_ms), (1::smallint, ttft_ms)) m(metric, ms)
    WHERE role = 0 AND ts >= lo AND ts < lo + interval '24 hours'
        AND status < 400 AND ms IS NOT NULL
) AS keys GROUP BY hour, deployment_id, metric;
"""


def replaced(old: str, new: str, table: str, fill: str) -> str:
    """Write the SQL that drops a table, makes another with its partitions, and fills that."""
    return f"""
DROP TABLE {old};
{table}
DO $$
DECLARE part record; lo timestamptz;
BEGIN
    FOR part IN
        SELECT replace(c.relname, 'usage_hour', '{new}') AS name,
            pg_get_expr(c.relpartbound, c.oid) AS bound
        FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
        WHERE inhparent = 'usage_hour'::regclass
    LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF {new} %s', part.name, part.bound);
    END LOOP;
    FOR lo IN
        SELECT day::timestamp AT TIME ZONE 'UTC' FROM usage_rawday WHERE dropped_at IS NULL
    LOOP
        {fill}
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("usage", "0004_once_by_time")]
    operations = [
        migrations.RunSQL(
            replaced("latency_minute", "usage_minute", TABLE, CELLS),
            replaced("usage_minute", "latency_minute", OLD_TABLE, KEYS),
        )
    ]
