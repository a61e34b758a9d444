"""How a pool is split: the allowances of units and teams, and what is promised to each."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet, Sum

from apps.capacity.models import Allowance, Hold
from apps.capacity.states import LIVE
from apps.teams.models import BusinessUnit, Team

Owner = BusinessUnit | Team


@dataclass(frozen=True)
class Split:
    """The allowances of one pool by unit and by team, and live holds by team; all by their ids.

    `unit_of` names the unit of each team that is mentioned.
    """

    units: Mapping[int, Allowance]
    teams: Mapping[int, Allowance]
    promised: Mapping[int, int]
    unit_of: Mapping[int, int]

    def of(self, owner: Owner) -> Allowance | None:
        """Return the allowance of a unit or team."""
        return (self.teams if isinstance(owner, Team) else self.units).get(owner.pk)

    def promised_to(self, owner: Owner) -> int:
        """Add up what is promised to a unit or team."""
        if isinstance(owner, Team):
            return self.promised.get(owner.pk, 0)
        return sum(
            amount for team, amount in self.promised.items() if self.unit_of[team] == owner.pk
        )

    def inside(self, unit: int) -> list[Allowance]:
        """List the allowances of a unit's teams."""
        return [one for team, one in self.teams.items() if self.unit_of[team] == unit]

    def top(self) -> list[Allowance]:
        """List the allowances that have only the pool above them; the sum of them splits it."""
        alone = [one for team, one in self.teams.items() if self.unit_of[team] not in self.units]
        return [*self.units.values(), *alone]


def split_of(pool: int) -> Split:
    """Return how one pool is split, in two queries."""
    return splits([pool])[pool]


def splits(pools: Collection[int]) -> dict[int, Split]:
    """Return how pools are split, in two queries for all of them."""
    rows = Allowance.objects.filter(pool__in=pools).select_related(
        "business_unit", "team__business_unit"
    )
    allowances: defaultdict[int, list[Allowance]] = defaultdict(list)
    for one in rows.order_by("pk"):
        allowances[one.pool_id].append(one)
    promised: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    live = Hold.objects.filter(pool__in=pools, status__in=LIVE, team__isnull=False)
    sums = live.values_list("pool", "team", "team__business_unit").annotate(Sum("amount"))
    for pool, *facts in sums.order_by("pool", "team"):
        promised[pool].append((facts[0], facts[1], facts[2]))
    return {pool: _split(allowances[pool], promised[pool]) for pool in pools}


def sum_of(allowances: Collection[Allowance]) -> int:
    """Add up allowances."""
    return sum(one.limit for one in allowances)


def holders(pool: int, owner: Owner) -> QuerySet[Hold]:
    """Return the live holds of a unit or team in a pool, the largest first."""
    whose = {"team": owner} if isinstance(owner, Team) else {"team__business_unit": owner}
    return Hold.objects.filter(pool=pool, status__in=LIVE, **whose).order_by("-amount", "pk")


def _split(allowances: Sequence[Allowance], promised: Sequence[tuple[int, int, int]]) -> Split:
    teams = {one.team_id: one for one in allowances if one.team_id}
    units = {one.business_unit_id: one for one in allowances if one.business_unit_id}
    named = {key: one.team.business_unit_id for key, one in teams.items() if one.team}
    return Split(
        units=units,
        teams=teams,
        promised={team: amount for team, _, amount in promised},
        unit_of=named | {team: unit for team, unit, _ in promised},
    )
