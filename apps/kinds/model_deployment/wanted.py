"""What somebody wants so far, with the facts that decide what else they may choose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from apps.capacity import selectors as capacity
from apps.capacity.selectors import Free
from apps.catalog import selectors as catalog
from apps.catalog.selectors import PtuFacts, Residency, TypeFacts
from apps.requests.kinds import Payload


@dataclass(frozen=True)
class Stock:
    """What there is of a model version in a subscription, of every type: read once, if at all."""

    tier: str
    model: str
    version: str

    @cached_property
    def pools(self) -> Mapping[str, Mapping[str, Free]]:
        """Pools with a limit, by meter and region."""
        meters = [catalog.meter(self.model, sku) for sku in catalog.deployment_types()]
        found: dict[str, dict[str, Free]] = {}
        for (region, meter), pool in capacity.free_by_region(tier=self.tier, meters=meters).items():
            if pool.limit:
                found.setdefault(meter, {})[region] = pool
        return found

    @cached_property
    def machines(self) -> Mapping[str, Mapping[str, int]]:
        """What Azure's machines can take, by SKU and region."""
        found: dict[str, dict[str, int]] = {}
        known = capacity.real_capacities(tier=self.tier, model=self.model, version=self.version)
        for (region, sku), amount in known.items():
            found.setdefault(sku, {})[region] = amount
        return found


@dataclass(frozen=True)
class Wanted:
    """The choices made so far; empty where nothing is chosen.

    `own` is (sku, region, amount) of what this very request, or what it changes, holds already.
    """

    data_class: str
    model: str
    version: str
    sku: str
    region: str
    tier: str
    on: date
    stock: Stock
    capacity: int | None = None
    own: tuple[str, str, int] = ("", "", 0)

    @classmethod
    def read(cls, data: Mapping[str, Any], *, tier: str, on: date) -> "Wanted":
        """Read choices out of typed or validated data."""
        amount = data.get("capacity")
        model, version = str(data.get("model") or ""), str(data.get("version") or "")
        return cls(
            data_class=str(data.get("data_class") or ""),
            model=model,
            version=version,
            sku=str(data.get("sku") or ""),
            region=str(data.get("region") or ""),
            tier=tier,
            on=on,
            stock=Stock(tier, model, version),
            capacity=amount if isinstance(amount, int) else None,
        )

    @classmethod
    def of(cls, payload: Payload) -> "Wanted":
        """Read choices out of a payload."""
        wanted = cls.read(payload.data, tier=payload.tier, on=payload.on)
        held = payload.data if payload.held else payload.instead
        if not held or not isinstance(amount := held.get("capacity"), int):
            return wanted
        return replace(wanted, own=(str(held.get("sku")), str(held.get("region")), amount))

    def instead(self, sku: str) -> "Wanted":
        """Want the same, but as another type."""
        return replace(self, sku=sku)

    @property
    def kind(self) -> TypeFacts | None:
        """The chosen deployment type."""
        return catalog.deployment_types().get(self.sku)

    @property
    def offered(self) -> frozenset[tuple[str, str]]:
        """Where the version is offered, as (sku, region)."""
        return catalog.availability(self.model, self.version)

    def residency(self, sku: str, region: str) -> Residency:
        """May the data be processed there? Without a data class nothing is refused yet."""
        if not self.data_class:
            return Residency(allowed=True, why="")
        return catalog.residency(data_class=self.data_class, sku=sku, region=region)

    def types_in(self, region: str) -> Sequence[TypeFacts]:
        """Return the types that would pass in a region, like the chosen one first."""
        billing = self.kind.billing if self.kind else "tokens"
        passing = [
            kind
            for sku, kind in catalog.deployment_types().items()
            if (sku, region) in self.offered and self.residency(sku, region).allowed
        ]
        return sorted(passing, key=lambda kind: (kind.billing != billing, kind.billing != "tokens"))

    @property
    def pools(self) -> Mapping[str, Free]:
        """The pools of the chosen model and type by region; empty until all three are chosen."""
        if not (self.tier and self.model and self.kind):
            return {}
        meter = catalog.meter(self.model, self.sku)
        return self.stock.pools.get(meter, {})

    @property
    def machines(self) -> Mapping[str, int]:
        """What Azure's machines can take by region, where that is known."""
        return self.stock.machines.get(self.sku, {})

    def free(self, region: str) -> int | None:
        """Return what is free in a region, what this holds itself included; None without quota."""
        pool = self.pools.get(region)
        sku, here, amount = self.own
        own = amount if (sku, here) == (self.sku, region) else 0
        return None if pool is None else max(0, pool.limit - pool.taken + own)

    def roomy(self, near: str) -> Sequence[str]:
        """Return the other regions where all rules pass and something is free, the nearest first.

        Near is the same data zone, then the same geography; of those the one with most room.
        """
        places = catalog.regions()
        here = places.get(near)
        passing = [
            region
            for region in self.pools
            if region != near
            and region in places
            and (self.sku, region) in self.offered
            and self.residency(self.sku, region).allowed
            and self.room(region)
        ]

        def distance(region: str) -> tuple[bool, bool, int, str]:
            there = places[region]
            return (
                here is not None and here.data_zone != there.data_zone,
                here is not None and here.geography != there.geography,
                -self.room(region),
                region,
            )

        return sorted(passing, key=distance)

    def room(self, region: str) -> int:
        """Return what a region has room for: the smaller of free quota and real capacity."""
        free = self.free(region) or 0
        return min(free, self.machines.get(region, free))

    @property
    def ptu(self) -> PtuFacts | None:
        """The PTU sizing of the model."""
        return catalog.ptu_parameters(self.model)

    @property
    def ptu_steps(self) -> tuple[int, int] | None:
        """The least PTU that the chosen type takes, and the step above it."""
        facts, kind = self.ptu, self.kind
        if kind is None or kind.billing != "ptu" or facts is None:
            return None
        if kind.scope == "regional":
            found = (facts.min_regional, facts.increment_regional)
        else:
            found = (facts.min_global, facts.increment_global)
        return (found[0], found[1]) if found[0] and found[1] else None
