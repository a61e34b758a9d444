"""Refuse what is more than there is: which level is full, what is left, what would pass."""

from collections.abc import Collection

from apps.capacity import selectors
from apps.capacity.protocols import Claim
from apps.capacity.selectors import Free, Level
from apps.catalog import selectors as catalog
from apps.kernel import formats
from apps.kernel.errors import ConflictError
from apps.teams.models import Team


def refuse_unless_free(claim: Claim, pool: Free | None, team: Team, *, had: int = 0) -> Free:
    """Let a claim of a team pass, or say what is free and what would pass; returns its pool.

    Of the pool and the allowances the one that limits most is named; quota and machines are two
    answers. `had` is what a change has already: it asks for what it needs beyond that.
    """
    asks = Asking(claim, team, had)
    if asks.amount <= 0 and pool is not None:
        return pool
    if pool is None or not pool.limit:
        raise ConflictError(
            f"There is no quota for {asks.label} in {claim.region}: our subscription has none. "
            f"{asks.elsewhere()}"
        )
    levels = selectors.levels([pool], team)[pool.pool_id]
    asks.refuse_beyond(levels)
    asks.refuse_beyond_machines()
    return pool


class Asking:
    """A claim and whose it is, as the sentences of a refusal need it."""

    def __init__(self, claim: Claim, team: Team, had: int) -> None:
        self.claim, self.team, self.had = claim, team, had
        self.amount = claim.amount - had
        self.label = selectors.label_of(claim.meter)
        self.sku = selectors.sku_of(claim.meter)
        self.words = f"{self._in_unit(self.amount)}{' more' if had else ''}"

    def refuse_beyond(self, levels: Collection[Level]) -> None:
        """Refuse what is more than the tightest of the levels has left."""
        level = selectors.tightest_level(levels)
        if self.amount <= level.left:
            return
        raise ConflictError(
            f"{self.words} of {self.label} in {self.claim.region} are more than {level.words}: "
            f"{self._in_unit(level.left)} of {formats.number(level.limit)}, {level.since}. "
            f"{self._less(level.left)}"
            f"{'A platform admin can raise the allowance. ' if level.of else ''}"
            f"{self.elsewhere()}"
        )

    def refuse_beyond_machines(self) -> None:
        """Refuse what Azure's machines cannot take now, where that is known."""
        claim = self.claim
        machines = selectors.real_capacity(
            tier=claim.tier,
            region=claim.region,
            sku=self.sku,
            model=claim.model,
            version=claim.version,
        )
        if machines is None or self.amount <= machines:
            return
        raise ConflictError(
            f"The quota has room for {self.words} of {self.label}, but Azure’s machines in "
            f"{claim.region} can take {self._in_unit(machines)} now. "
            f"{self._less(machines)}{self.elsewhere()}"
        )

    def elsewhere(self) -> str:
        """Name a region that has room for all of it, one of the same geography first."""
        claim, regions = self.claim, catalog.regions()
        offered = catalog.availability(claim.model, claim.version)
        machines = selectors.real_capacities(
            tier=claim.tier, model=claim.model, version=claim.version
        )
        pools = [
            pool
            for pool in selectors.free_by_region(tier=claim.tier, meters=[claim.meter]).values()
            if (self.sku, pool.region) in offered and pool.region != claim.region
        ]
        left = selectors.left_of(pools, self.team)
        room = {
            pool.region: min(
                left[pool.pool_id], machines.get((pool.region, self.sku), left[pool.pool_id])
            )
            for pool in pools
        }
        fits = [region for region, amount in room.items() if amount >= claim.amount]
        if not fits:
            return "No other region has room for it either."
        here = getattr(regions.get(claim.region), "geography", "")
        best = min(fits, key=lambda name: (regions[name].geography != here, -room[name], name))
        return f"{best} has {self._in_unit(room[best])} free."

    def _less(self, left: int) -> str:
        return f"Ask for {self._in_unit(self.had + left)} or less. " if left else ""

    def _in_unit(self, amount: int) -> str:
        return formats.quantity(amount, self.claim.unit)
