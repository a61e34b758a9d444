"""Lock what decides about promises, always in one order: the team, pools by id, holds by id."""

from collections.abc import Collection

from django.db.models import Q, QuerySet

from apps.capacity import selectors
from apps.capacity.models import Pool
from apps.capacity.protocols import ACCOUNTS, Placing
from apps.capacity.selectors import Free
from apps.teams.models import Team

Key = tuple[str, str, str]


def locked_team(pk: int) -> Team:
    """Lock a team, so that it stays in its unit until the end of the transaction."""
    Team.objects.select_for_update(no_key=True).get(pk=pk)
    return Team.objects.select_related("business_unit").get(pk=pk)


def locked_pools(where: Q) -> dict[Key, Free]:
    """Lock pools in the order of their ids, then read them: after the wait, not before it."""
    rows: QuerySet[Pool] = Pool.objects.filter(where).order_by("pk")
    ids = [row.pk for row in rows.select_for_update(of=("self",), no_key=True)]
    pools = selectors.frees(Pool.objects.filter(pk__in=ids))
    return {(pool.tier, pool.region, pool.meter): pool for pool in pools}


def wanted(keys: Collection[Key], placing: Placing | None) -> Q:
    """Find the pools that a promise has to lock."""
    keys = [*keys, *([(placing.tier, placing.region, ACCOUNTS)] if placing else [])]
    where = Q(pk__in=())
    for tier, region, meter in keys:
        where |= Q(subscription__tier=tier, region=region, meter=meter, placement=None)
    return where
