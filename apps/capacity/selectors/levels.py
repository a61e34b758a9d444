"""What a team may still be promised: the pool’s free part, within its unit’s and its own share."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, Sum

from apps.capacity.models import Allowance, Hold
from apps.capacity.selectors.pools import Free
from apps.capacity.states import LIVE
from apps.kernel import formats
from apps.teams.models import Team


@dataclass(frozen=True)
class Level:
    """One thing that limits: the pool (`of` is empty), a unit's allowance or a team's.

    `left` is what may still be promised there, in the pool's unit; `as_of` says since when: the
    reading of the pool, or the day that the allowance was set.
    """

    of: str
    limit: int
    left: int
    as_of: datetime

    @property
    def words(self) -> str:
        """Say what is exceeded: `is free`, `the allowance of Insurance has left`."""
        return f"the allowance of {self.of} has left" if self.of else "is free"

    @property
    def since(self) -> str:
        """Say since when it is so."""
        said = formats.as_of(self.as_of)
        return said.replace("as of", "as set", 1) if self.of else said


def levels(pools: Collection[Free], team: Team) -> dict[int, list[Level]]:
    """Return what limits a team in each pool, the pool first; two queries for all of them.

    Only whoever has locked the pools may promise what is left.
    """
    found = {pool.pool_id: [Level("", pool.limit, pool.free, pool.synced_at)] for pool in pools}
    unit = Q(business_unit=team.business_unit_id)
    allowances = Allowance.objects.filter(unit | Q(team=team), pool__in=found).select_related(
        "business_unit", "team"
    )
    promised = _promised({one.pool_id for one in allowances}, team) if allowances else {}
    for one in sorted(allowances, key=lambda one: one.team_id is not None):
        unit_sum, team_sum = promised.get(one.pool_id, (0, 0))
        left = max(0, one.limit - (team_sum if one.team_id else unit_sum))
        owner = str(one.team or one.business_unit)
        found[one.pool_id].append(Level(owner, one.limit, left, one.changed_at))
    return found


def tightest_level(found: Collection[Level]) -> Level:
    """Return the level that limits most; of equal ones the highest."""
    return min(found, key=lambda level: level.left)


def left_of(pools: Collection[Free], team: Team) -> dict[int, int]:
    """Return what a team may still be promised out of each pool."""
    return {key: tightest_level(found).left for key, found in levels(pools, team).items()}


def _promised(pools: Collection[int], team: Team) -> dict[int, tuple[int, int]]:
    """Return the live holds (of the team's unit, of the team) in each pool."""
    rows = (
        Hold.objects.filter(
            pool__in=pools, status__in=LIVE, team__business_unit=team.business_unit_id
        )
        .values("pool")
        .annotate(unit=Sum("amount"), own=Sum("amount", filter=Q(team=team), default=0))
    )
    return {row["pool"]: (row["unit"], row["own"]) for row in rows}
