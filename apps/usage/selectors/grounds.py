"""What a decision about a team asks of usage: its use of one model, and what its month has cost.

Read from rollups only.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.utils import timezone

from apps.provisioning.models import Resource
from apps.teams import selectors as teams
from apps.teams.models import BusinessUnit, Person, Team
from apps.teams.roles import Action
from apps.usage.models import ModelKey
from apps.usage.protocols import Column
from apps.usage.selectors import packed
from apps.usage.selectors.cube import cells_of, sum_of
from apps.usage.selectors.home import this_month
from apps.usage.selectors.minutes import CELL, EPOCH, limit_tpm
from apps.usage.selectors.period import Period
from apps.usage.selectors.questions import AS_OF, Answer, Question, as_of, fetched
from apps.usage.selectors.scope import Scope
from apps.usage.selectors.sums import NAMES, Sums, added
from apps.usage.states import Dimension

MINUTE, MINUTES_A_DAY = timedelta(minutes=1), 1_440
MOST = 10  # deployments whose minutes are read: a busy one has 43,200 of them in 30 days
MINUTES = """
SELECT int8send(deployment_id), string_agg(minutes, '') FROM usage_minute
WHERE hour >= %(start)s AND hour < %(end)s AND deployment_id IN (
    SELECT deployment_id FROM usage_day
    WHERE deployment_id = ANY(%(ids)s) AND day >= %(start)s AND day < %(end)s
    GROUP BY 1 ORDER BY sum(input_tokens + output_tokens) DESC, 1 LIMIT %(most)s
) GROUP BY deployment_id
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


@dataclass(frozen=True)
class Peaks:
    """How near a deployment came to its limit: the busiest minute of each day with calls.

    `days` are (minute, tokens), input and output together, in order; `above` counts all minutes
    above the limit.
    """

    limit_tpm: int
    days: Sequence[tuple[datetime, int]] = ()
    above: int = 0

    @property
    def top(self) -> tuple[datetime, int] | None:
        """Return the busiest minute of all."""
        return max(self.days, key=lambda day: day[1], default=None)

    @property
    def share(self) -> float:
        """Return the busiest minute as a share of the limit."""
        return self.top[1] / self.limit_tpm if self.top else 0


def peaks_of(resources: Collection[Resource], period: Period) -> dict[Resource, Peaks]:
    """Say how near their limits the most called came, ten at most; one query.

    Whoever may see a deployment sees all of its load: a limit is reached by everybody together.
    One without a limit in TPM is left out; one without calls has no days.
    """
    limits = {one.pk: limit for one in resources if (limit := limit_tpm(one))}
    span = {"start": period.start, "end": period.end, "ids": [*limits], "most": MOST}
    cells = {
        int(packed.numbers(pk)[0]): np.frombuffer(minutes, CELL)
        for pk, minutes in packed.fetch(MINUTES, span, 2)
    }
    return {
        one: _peaks(cells[one.pk], limits[one.pk]) if one.pk in cells else Peaks(limits[one.pk])
        for one in resources
        if one.pk in limits and (one.pk in cells or len(cells) < MOST)
    }


def _peaks(cells: Column, limit: int) -> Peaks:
    days = cells["minute"] // MINUTES_A_DAY
    order = np.lexsort((-cells["minute"], cells["tokens"], days))
    last = order[np.flatnonzero(np.diff(days[order], append=-1))]
    rows = zip(cells["minute"][last].tolist(), cells["tokens"][last].tolist(), strict=True)
    found = [(EPOCH + minute * MINUTE, tokens) for minute, tokens in rows]
    return Peaks(limit, found, int((cells["tokens"] > limit).sum()))


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

    complete = as_of(rows[0][0], asked_at)
    return TeamMonth(period, sums(team, 1), sums(team.business_unit, 2), complete.sums)
