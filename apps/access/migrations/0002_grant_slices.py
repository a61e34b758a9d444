"""Make a grant the time slice that usage is attributed by; fill the grants that are there."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.db import migrations, models

FILL = """
UPDATE access_grant
SET business_unit_id = team.business_unit_id,
    environment_id = resource.environment_id,
    model = COALESCE(resource.facts ->> 'model', ''),
    version = COALESCE(resource.facts ->> 'version', ''),
    sku = COALESCE(resource.facts ->> 'sku', ''),
    region = resource.region
FROM provisioning_resource resource, teams_team team
WHERE resource.id = access_grant.resource_id AND team.id = access_grant.team_id
"""


def business_unit(*, null: bool) -> models.Field:
    return models.ForeignKey(
        "teams.businessunit",
        null=null,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="grants",
    )


def environment(*, null: bool) -> models.Field:
    return models.ForeignKey(
        "teams.environment",
        null=null,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
    )


def text(length: int) -> models.Field:
    return models.CharField(blank=True, default="", max_length=length)


class Migration(migrations.Migration):

    dependencies = [
        ("access", "0001_initial"),
        ("catalog", "0001_initial"),  # btree_gist
        ("provisioning", "0001_initial"),
        ("teams", "0001_initial"),
    ]

    operations = [
        migrations.AddField("grant", "business_unit", business_unit(null=True)),
        migrations.AddField("grant", "environment", environment(null=True)),
        migrations.AddField("grant", "model", text(80), preserve_default=False),
        migrations.AddField("grant", "version", text(40), preserve_default=False),
        migrations.AddField("grant", "sku", text(40), preserve_default=False),
        migrations.AddField("grant", "region", text(40), preserve_default=False),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("grant", "business_unit", business_unit(null=False)),
        migrations.AlterField("grant", "environment", environment(null=False)),
        migrations.RemoveConstraint("grant", "one_open_grant"),
        migrations.AddConstraint(
            "grant",
            django.contrib.postgres.constraints.ExclusionConstraint(
                name="one_grant_at_a_time",
                expressions=[
                    ("resource", django.contrib.postgres.fields.ranges.RangeOperators.EQUAL),
                    ("workload", django.contrib.postgres.fields.ranges.RangeOperators.EQUAL),
                    (
                        models.Func("from_at", "to_at", function="TSTZRANGE"),
                        django.contrib.postgres.fields.ranges.RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ),
    ]
