from django.db import migrations, models

SO_FAR = """
UPDATE approvals_step AS step SET asked_by = jsonb_build_array(request.requester_id)
FROM requests_resourcerequest AS request WHERE request.id = step.request_id;
"""


class Migration(migrations.Migration):
    """Steps know who has asked so far; of the past only the last requester is known."""

    dependencies = [
        ('approvals', '0005_rounds'),
    ]

    operations = [
        migrations.AddField(
            model_name='step',
            name='asked_by',
            field=models.JSONField(default=list),
        ),
        migrations.RunSQL(SO_FAR, migrations.RunSQL.noop),
    ]
