"""Ready sketches of deployments by day, made from their cells; a sketch is read outside of SQL."""

from django.db import migrations

QUANTILE = """
CREATE FUNCTION sketch_quantile(idx smallint[], cum int[], n int, q float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT exp(0.0200006667066694 * idx[width_bucket(ceil(q * n)::int - 1, cum) + 1]) * 0.99 $$;
"""


class Migration(migrations.Migration):
    dependencies = [("usage", "0002_partitioned")]
    operations = [
        migrations.RunSQL(
            "DROP FUNCTION sketch_quantile(smallint[], int[], int, float8)", QUANTILE
        ),
        migrations.RunSQL(  # the next pass of the rollups makes them
            "INSERT INTO usage_dirtyday (day) "
            "SELECT DISTINCT (day AT TIME ZONE 'UTC')::date FROM usage_day",
            "DELETE FROM latency_day WHERE dim = 3",
        ),
    ]
