"""What a decision about a team asks of usage: its use of one model, and what its month has cost.

Read from rollups only.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils import timezone

from apps.provisioning.models import Resource
from apps.teams import selectors as teams
from apps.teams.models import BusinessUnit, Person, Team
from apps.teams.roles import Action
from apps.usage.models import ModelKey
from apps.usage.selectors.cube import cells_of, sum_of
from apps.usage.selectors.home import Busiest, this_month
from apps.usage.selectors.period import Period
from apps.usage.selectors.questions import AS_OF, Answer, Question, fetched
from apps.usage.selectors.scope import Scope
from apps.usage.selectors.sums import NAMES, Sums, added
from apps.usage.states import Dimension

BUSIEST = """
SELECT DISTINCT ON (deployment_id, day) deployment_id, hour, tokens FROM (
    SELECT deployment_id, hour, date_bin('1 day', hour, '2000-01-01 00:00+00') AS day,
        sum(input_tokens + output_tokens)::bigint AS tokens
    FROM usage_hour WHERE deployment_id = ANY(%s) AND hour >= %s AND hour < %s
    GROUP BY deployment_id, hour
) AS hours ORDER BY deployment_id, day, tokens DESC, hour
"""
MONTH = f"""
SELECT * FROM ({AS_OF}) AS complete LEFT JOIN (
    SELECT team_id = %s, bu_id = %s, {", ".join(f"sum({name})::bigint" for name in NAMES)}
    FROM usage_day WHERE day >= %s AND day < %s AND (team_id = %s OR bu_id = %s) AND {{seen}}
    GROUP BY 1, 2
) AS month ON true
"""  # noqa: S608


def use_of_model(viewer: Person, team: Team, model: str, period: Period) -> Answer:
    """Answer what the viewer may see of a team's use of all versions of a model; two queries."""
    where = {Dimension.TEAM: [team.slug], Dimension.MODEL: [model]}
    versions = frozenset(ModelKey.objects.filter(model=model).values_list("pk", flat=True))
    ids = {Dimension.TEAM: frozenset({team.pk}), Dimension.MODEL: versions}
    scope = Scope(teams.reach(viewer, Action.USAGE_READ), ids)
    complete, (now, before) = cells_of(scope, (period, period.before(timezone.now())))
    return Answer(Question(period, where=where), [], sum_of(now), sum_of(before), complete, scope)


def busiest_by_day(resources: Collection[Resource], period: Period) -> dict[int, list[Busiest]]:
    """Return the busiest hour of each UTC day with calls, in order, by resource; one query.

    Whoever may see a deployment sees all of its load: a limit is reached by everybody together.
    """
    found: dict[int, list[Busiest]] = {}
    with connection.cursor() as cursor:
        cursor.execute(BUSIEST, [[one.pk for one in resources], period.start, period.end])
        for pk, at, tokens in cursor.fetchall():
            found.setdefault(pk, []).append(Busiest(at, tokens))
    return found


@dataclass(frozen=True)
class TeamMonth:
    """The present month so far of a team and of its unit; None is what the viewer may not see.

    What a team used before it moved counts for the unit that had it then.
    """

    period: Period
    team: Sums | None
    unit: Sums | None
    as_of: datetime


def month_of_team(viewer: Person, team: Team) -> TeamMonth:
    """Add up the month of a team and of its unit, as far as the viewer may see it; one query."""
    period, asked_at = this_month(), timezone.now()
    condition, values = Scope(teams.reach(viewer, Action.USAGE_READ)).sql()
    ids = [team.pk, team.business_unit_id]
    asked = [*ids, period.start, period.end, *ids, *values]
    rows = fetched(MONTH.format(seen=condition), asked)

    def sums(scope: Team | BusinessUnit, place: int) -> Sums | None:
        if not teams.may(viewer, Action.USAGE_READ, scope):
            return None
        return added(Sums(*row[3:]) for row in rows if row[place])

    complete = rows[0][0] or asked_at
    return TeamMonth(period, sums(team, 1), sums(team.business_unit, 2), complete)
