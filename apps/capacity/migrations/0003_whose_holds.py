"""Say whose the promises are that were made before teams had allowances, and what they cost.

The requests of a later chapter know it; where that has no table yet there are no promises either.
"""

from django.db import migrations

TEAMS = """
DO $$ BEGIN
  IF to_regclass('requests_resourcerequest') IS NOT NULL THEN
    UPDATE capacity_hold SET team_id = request.team_id
    FROM requests_resourcerequest request WHERE capacity_hold.subject = 'request:' || request.id;
    INSERT INTO capacity_commitment
      (subject, team_id, business_unit_id, list_cost_nano, from_on)
    SELECT hold.subject, hold.team_id, team.business_unit_id,
           (min(request.estimate ->> 'expected_nano'))::bigint,
           (min(hold.changed_at) AT TIME ZONE 'UTC')::date
    FROM capacity_hold hold
    JOIN requests_resourcerequest request ON hold.subject = 'request:' || request.id
    JOIN teams_team team ON team.id = hold.team_id
    WHERE hold.status IN ('committed', 'built')
    GROUP BY hold.subject, hold.team_id, team.business_unit_id;
  END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("capacity", "0002_allowances")]

    operations = [migrations.RunSQL(TEAMS, migrations.RunSQL.noop)]
