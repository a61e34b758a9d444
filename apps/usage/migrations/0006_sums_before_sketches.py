"""Sums of an hour no longer wait for its latency sketches: those come from the same queue later."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("usage", "0005_minutes")]
    operations = [
        migrations.AddField("dirtyhour", "summed", models.BooleanField(db_default=False)),
        migrations.RunSQL(  # until the first pass of sketches says so itself
            "INSERT INTO usage_fillstate (name, at, lag_ms) "
            "SELECT 'sketches', at, 0 FROM usage_fillstate WHERE name = 'hours'",
            "DELETE FROM usage_fillstate WHERE name = 'sketches'",
        ),
    ]
