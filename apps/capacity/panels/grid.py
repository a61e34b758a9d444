"""Where a model can be had, and how much of it is free."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from django.utils import timezone

from apps.capacity import selectors
from apps.capacity.selectors import Free
from apps.catalog import selectors as catalog
from apps.kernel import formats
from apps.kernel.panels import once
from apps.teams import selectors as teams
from apps.teams.roles import Action

if TYPE_CHECKING:
    from apps.capacity.models import Subscription
    from apps.teams.models import Person

Offers = frozenset[tuple[str, str]]
FIRST_GEOGRAPHY = "Europe"
PRODUCTION = "prod"


@dataclass(frozen=True)
class Cell:
    """One type in one region: `state` is no, none, full, less or free.

    no: not offered; none: offered, but our subscription has no quota; full: all is promised;
    less: Azure's machines can take less than our quota has free.
    """

    sku: str
    state: str
    amount: int = 0
    title: str = ""


@dataclass(frozen=True)
class Geography:
    """The regions of a geography, each with its cells in the order of `types`.

    Only types that are offered somewhere in the geography have a column.
    """

    name: str
    types: Sequence[catalog.TypeFacts]
    rows: Sequence[tuple[str, Sequence[Cell]]]


def model_grid(viewer: "Person", *, model: str, version: str, **_: Any) -> dict[str, Any] | None:
    """Lay out region × type with what is free, per subscription and geography."""
    offers = catalog.availability(model, version)
    if not offers:
        return None
    known = catalog.version(model, version)
    retired = known is not None and known.retired(timezone.now().date())
    return {
        "tiers": [
            _tier(one, model, version, offers) for one in once(viewer, selectors.every_subscription)
        ],
        "retired": retired,
        "may_ask": not retired and teams.may_anywhere(viewer, Action.REQUEST_CREATE),
    }


def _tier(subscription: "Subscription", model: str, version: str, offers: Offers) -> dict[str, Any]:
    tier = subscription.tier
    meters = {sku: catalog.meter(model, sku) for sku in catalog.deployment_types()}
    pools = selectors.free_by_region(tier=tier, meters=set(meters.values()))
    machines = selectors.real_capacities(tier=tier, model=model, version=version)

    def cell(sku: str, region: str) -> Cell:
        if (sku, region) not in offers:
            return Cell(sku, "no", title="Microsoft does not offer it here")
        return _cell(sku, pools.get((region, meters[sku])), machines.get((region, sku)))

    places = {region: catalog.regions()[region].geography for _, region in offers}
    geographies = []
    for name in sorted(set(places.values()), key=_europe_first):
        inside = [r for r in catalog.regions() if places.get(r) == name]
        skus = {sku for sku, region in offers if region in inside}
        types = [kind for kind in catalog.deployment_types().values() if kind.sku in skus]
        rows = [(region, [cell(kind.sku, region) for kind in types]) for region in inside]
        geographies.append(Geography(name, types, rows))
    return {
        "subscription": subscription,
        "geographies": geographies,
        "as_of": min((pool.synced_at for pool in pools.values()), default=None),
    }


def _europe_first(geography: str) -> tuple[bool, str]:
    return geography != FIRST_GEOGRAPHY, geography


def _cell(sku: str, pool: Free | None, machines: int | None) -> Cell:
    if pool is None or not pool.limit:
        return Cell(sku, "none", title="Offered here, but our subscription has no quota")
    free = formats.quantity(pool.free, pool.unit)
    if machines is not None and machines < pool.free:
        room = formats.quantity(machines, pool.unit)
        title = f"Our quota has {free} free, Azure’s machines can take {room} now"
        return Cell(sku, "less", machines, title)
    title = f"{free} of {formats.number(pool.limit)} free"
    return Cell(sku, "free" if pool.free else "full", pool.free, title)


class HasOffers(Protocol):
    """A model version and where it is offered, as (sku, region)."""

    @property
    def model(self) -> catalog.ModelFacts:
        """The model."""

    @property
    def version(self) -> catalog.VersionFacts | None:
        """Its version, if it has one."""

    @property
    def offers(self) -> Collection[tuple[str, str]]:
        """Where it is offered."""


@dataclass(frozen=True)
class FreeNow:
    """The most that one region has left of a model, in K TPM, and how many have anything left."""

    amount: int
    regions: int
    has_quota: bool


def free_now(viewer: "Person", *, rows: Sequence[HasOffers], **_: Any) -> dict[str, Any]:
    """Say of each row what production has left, in types paid per token; two queries for all."""
    per_token = {
        sku for sku, kind in catalog.deployment_types().items() if kind.billing == "tokens"
    }
    meters = {catalog.meter(row.model.name, sku) for row in rows for sku in per_token}
    pools = selectors.free_by_region(tier=PRODUCTION, meters=meters)
    machines = selectors.machines_of(tier=PRODUCTION, models={row.model.name for row in rows})

    def left(row: HasOffers) -> FreeNow:
        assert row.version  # noqa: S101  a row without a version has no offers and is not asked
        most: dict[str, int] = {}
        for sku, region in row.offers:
            pool = pools.get((region, catalog.meter(row.model.name, sku)))
            if sku in per_token and pool and pool.limit:
                room = machines.get((row.model.name, row.version.version, region, sku), pool.free)
                most[region] = max(most.get(region, 0), min(pool.free, room))
        return FreeNow(
            amount=max(most.values(), default=0),
            regions=sum(amount > 0 for amount in most.values()),
            has_quota=bool(most),
        )

    return {"cells": {row.model.name: left(row) for row in rows if row.offers}}
