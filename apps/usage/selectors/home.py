"""What a home page tells of usage: the month and the week so far, and what changed since."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from apps.provisioning.models import Resource
from apps.teams.models import Person
from apps.usage.selectors.cube import PLACE, Cell, Cube, cells_of, split, sum_of
from apps.usage.selectors.percentiles import percentiles_with_total
from apps.usage.selectors.period import DAY, Period, read_period
from apps.usage.selectors.questions import Answer, AsOf, Group, Question
from apps.usage.selectors.scope import Named, scope_for
from apps.usage.selectors.sketches import Percentiles
from apps.usage.selectors.sums import Sums
from apps.usage.states import Dimension, Grain

WEEK = 7
BUSIEST = """
SELECT DISTINCT ON (deployment_id) deployment_id, hour,
    sum(input_tokens + output_tokens)::bigint AS tokens
FROM usage_hour WHERE deployment_id = ANY(%s) AND hour >= %s AND hour < %s
GROUP BY deployment_id, hour ORDER BY deployment_id, tokens DESC, hour
"""


def this_month() -> Period:
    """Return the present UTC month."""
    return read_period({"period": "month"}, timezone.now())


@dataclass(frozen=True)
class OwnUsage:
    """What a viewer may see of this month and of the last seven UTC days, today included.

    The month and the week before are cut as long as these have lasted.
    """

    month: Period
    month_before: Period
    now: Sequence[Cell]
    before: Sequence[Cell]
    days: Sequence[Sequence[Cell]]
    week_before: Sums
    as_of: datetime

    @property
    def total(self) -> Sums:
        """Return the sums of the month."""
        return sum_of(self.now)

    @property
    def total_before(self) -> Sums:
        """Return the sums of the month before."""
        return sum_of(self.before)

    @property
    def week(self) -> list[Sums]:
        """Return the sums of each of the seven days."""
        return [sum_of(day) for day in self.days]

    def month_by(self, dimension: Dimension) -> dict[int, Sums]:
        """Return the sums of the month by row id."""
        return split(self.now, PLACE[dimension])

    def week_by(self, dimension: Dimension) -> list[dict[int, Sums]]:
        """Return the sums of each of the seven days by row id."""
        return [split(day, PLACE[dimension]) for day in self.days]


def own_usage(viewer: Person) -> OwnUsage:
    """Read month, week, and both before; one query."""
    now = timezone.now()
    month, week = this_month(), read_period({"period": f"{WEEK}d"}, now)
    days = [Period(at, at + DAY, Grain.TOTAL) for at in week.steps(now)]
    spans = [month, month.before(now), week.before(now), *days]
    complete, cells = cells_of(scope_for(viewer), spans)
    in_month, before, week_before, *by_day = cells
    return OwnUsage(month, spans[1], in_month, before, by_day, sum_of(week_before), complete.sums)


def waits_of_day(
    viewer: Person, resources: Sequence[Resource]
) -> tuple[Percentiles, dict[int, Percentiles]]:
    """Return the latency of the last 24 hours, of all that the viewer sees and per resource."""
    period = read_period({"period": "24h"}, timezone.now())
    groups = [Group(Named(str(r.pk), r.name), Sums(), frozenset({r.pk})) for r in resources]
    question = Question(period, Dimension.DEPLOYMENT, top=None)
    answer = Answer(
        question, groups, Sums(), Sums(), AsOf(period.end, period.end), scope_for(viewer)
    )
    total, each = percentiles_with_total(answer)
    return total, {one.pk: found for one, found in zip(resources, each, strict=True)}


@dataclass(frozen=True)
class Busiest:
    """The hour with the most tokens."""

    at: datetime
    tokens: int

    @property
    def tpm(self) -> float:
        """Return its mean tokens per minute."""
        return self.tokens / 60


def busiest_hours(resources: Collection[Resource]) -> dict[int, Busiest]:
    """Return the busiest hour of the last seven days of each resource that had a call.

    Whoever may see a deployment sees all of its load: a limit is reached by everybody together.
    """
    end = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(BUSIEST, [[one.pk for one in resources], end - timedelta(WEEK), end])
        return {pk: Busiest(at, tokens) for pk, at, tokens in cursor.fetchall()}


@dataclass(frozen=True)
class Change:
    """What a row had in a period and in the one before."""

    name: Named
    now: Sums
    before: Sums

    @property
    def cost_nano(self) -> int | None:
        """Return how much the list cost changed; None where one of both is not known."""
        if self.now.cost_nano is None or self.before.cost_nano is None:
            return None
        return self.now.cost_nano - self.before.cost_nano


def changes(cube: Cube, by: Dimension) -> list[Change]:
    """Compare every row of a dimension with the period before, the highest list cost first."""
    now, before = (split(cells, PLACE[by]) for cells in (cube.cells, cube.cells_before))
    found = [
        Change(
            cube.named[by].get(pk, Named(str(pk), f"{by.label} {pk}")),
            now.get(pk, Sums()),
            before.get(pk, Sums()),
        )
        for pk in now.keys() | before.keys()
    ]
    return sorted(found, key=lambda one: (-(one.now.cost_nano or 0), one.name.label))
