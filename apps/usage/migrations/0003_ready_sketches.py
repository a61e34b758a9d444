"""Ready sketches are packed, for the portal adds them up outside of SQL; deployments get some too.

`idx` has two bytes a bucket, `cum` four, the highest first.
"""

from django.db import migrations

QUANTILE = """
CREATE FUNCTION sketch_quantile(idx smallint[], cum int[], n int, q float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT exp(0.0200006667066694 * idx[width_bucket(ceil(q * n)::int - 1, cum) + 1]) * 0.99 $$;
"""
PACK = """
CREATE FUNCTION packed(smallint[]) RETURNS bytea LANGUAGE sql IMMUTABLE AS
$$ SELECT string_agg(int2send(b), '' ORDER BY nth) FROM unnest($1) WITH ORDINALITY u (b, nth) $$;
CREATE FUNCTION packed(int[]) RETURNS bytea LANGUAGE sql IMMUTABLE AS
$$ SELECT string_agg(int4send(c), '' ORDER BY nth) FROM unnest($1) WITH ORDINALITY u (c, nth) $$;
ALTER TABLE latency_hour
    ALTER idx TYPE bytea USING packed(idx), ALTER cum TYPE bytea USING packed(cum);
ALTER TABLE latency_day
    ALTER idx TYPE bytea USING packed(idx), ALTER cum TYPE bytea USING packed(cum);
DROP FUNCTION packed(smallint[]), packed(int[]);
"""
UNPACK = """
CREATE FUNCTION unpacked(bytea, int) RETURNS int[] LANGUAGE sql IMMUTABLE AS
$$ SELECT array_agg(('x' || lpad(encode(substr($1, at, $2), 'hex'), 8, '0'))::bit(32)::int ORDER BY at)
   FROM generate_series(1, length($1), $2) AS at $$;
ALTER TABLE latency_hour
    ALTER idx TYPE smallint[] USING unpacked(idx, 2)::smallint[],
    ALTER cum TYPE int[] USING unpacked(cum, 4);
ALTER TABLE latency_day
    ALTER idx TYPE smallint[] USING unpacked(idx, 2)::smallint[],
    ALTER cum TYPE int[] USING unpacked(cum, 4);
DROP FUNCTION unpacked(bytea, int);
"""


class Migration(migrations.Migration):
    dependencies = [("usage", "0002_partitioned")]
    operations = [
        migrations.RunSQL(
            f"DROP FUNCTION sketch_quantile(smallint[], int[], int, float8); {PACK}",
            f"{UNPACK} {QUANTILE}",
        ),
        migrations.RunSQL(  # the next pass of the rollups makes those of deployments
            "INSERT INTO usage_dirtyday (day) "
            "SELECT DISTINCT (day AT TIME ZONE 'UTC')::date FROM usage_day",
            "DELETE FROM latency_day WHERE dim = 3",
        ),
    ]
