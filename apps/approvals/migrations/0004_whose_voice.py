from django.conf import settings
from django.db import migrations, models
from django.db.models.deletion import PROTECT

OWN_VOICE = """
SET CONSTRAINTS ALL IMMEDIATE;
UPDATE approvals_decision AS said SET voice_id = said.person_id, requester_id = asked.requester_id
FROM approvals_step AS step JOIN requests_resourcerequest AS asked ON asked.id = step.request_id
WHERE step.id = said.step_id;
"""


class Migration(migrations.Migration):
    """Until now nobody acted for anybody else."""

    dependencies = [("approvals", "0003_engine")]

    operations = [
        migrations.RunSQL(OWN_VOICE, migrations.RunSQL.noop),
        *(
            migrations.AlterField(
                "decision",
                name,
                models.ForeignKey(
                    on_delete=PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                ),
            )
            for name in ("voice", "requester")
        ),
    ]
