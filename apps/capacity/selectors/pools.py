"""How much may still be promised out of pools, and where things were placed."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, FilteredRelation, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from apps.capacity.models import Hold, Placement, Pool, RealCapacity, Subscription
from apps.capacity.protocols import ACCOUNTS, DEPLOYMENTS, GPU, VCPU
from apps.capacity.states import LIVE, HoldStatus
from apps.catalog import selectors as catalog


@dataclass(frozen=True)
class Free:
    """A pool at the last sync, and what is promised out of it; all amounts in `unit`.

    free = limit − built − foreign − committed − held, never below 0; foreign is what Azure counted
    beyond what was built then: what was built since (`built_since`, a part of `built`) it did not
    count, and must not hide what others use. Changes are no part of it: most of one was counted.
    """

    pool_id: int
    tier: str
    region: str
    meter: str
    account: str
    unit: str
    limit: int
    azure_used: int
    built: int
    built_since: int
    committed: int
    held: int
    synced_at: datetime

    @property
    def foreign(self) -> int:
        """Return what somebody else uses, or what was built past the portal."""
        return max(0, self.azure_used - (self.built - self.built_since))

    @property
    def taken(self) -> int:
        """Return everything that is used or promised."""
        return self.firm + self.held

    @property
    def firm(self) -> int:
        """Return what is used, or promised by a yes."""
        return self.built + self.foreign + self.committed

    @property
    def free(self) -> int:
        """Return what may still be promised."""
        return max(0, self.limit - self.taken)

    @property
    def label(self) -> str:
        """Name the pool for people."""
        return label_of(self.meter)


@dataclass(frozen=True)
class Placed:
    """The account that something goes to, and why that one."""

    placement: Placement
    why: str


@dataclass(frozen=True)
class Share:
    """What one subject has, or asks, of a pool."""

    pool: Free
    amount: int
    status: HoldStatus
    why: str


def frees(rows: QuerySet[Pool]) -> list[Free]:
    """Read pools with what is promised out of them, in one query."""
    live = FilteredRelation("holds", condition=Q(holds__status__in=LIVE))
    values: Any = (
        rows.alias(live=live)
        .values("pk", "region", "meter", "unit", "limit", "azure_used", "synced_at")
        .annotate(
            tier=F("subscription__tier"),
            account=Coalesce(F("placement__name"), Value("")),
            built=_sum(HoldStatus.BUILT),
            built_since=_sum(
                HoldStatus.BUILT, live__changed_at__gt=F("synced_at"), live__instead_of=""
            ),
            committed=_sum(HoldStatus.COMMITTED),
            held=_sum(HoldStatus.HELD),
        )
        .order_by("pk")
    )
    return [Free(pool_id=row.pop("pk"), **row) for row in values]


def free(*, tier: str, region: str, meter: str) -> Free | None:
    """Return one pool; None where Azure lists no such meter."""
    found = frees(_pools(tier).filter(region=region, meter=meter))
    return found[0] if found else None


def free_by_region(*, tier: str, meters: Collection[str]) -> dict[tuple[str, str], Free]:
    """Return pools by (region, meter), in one query."""
    found = frees(_pools(tier).filter(meter__in=meters))
    return {(pool.region, pool.meter): pool for pool in found}


def real_capacity(*, tier: str, region: str, sku: str, model: str, version: str) -> int | None:
    """Return what Azure's machines can take, in the SKU's unit; None where it is not known."""
    known = real_capacities(tier=tier, model=model, version=version)
    return known.get((region, sku))


def real_capacities(*, tier: str, model: str, version: str) -> dict[tuple[str, str], int]:
    """Return what Azure's machines can take of a model version, by (region, sku)."""
    rows = RealCapacity.objects.filter(subscription__tier=tier, model=model, version=version)
    return {(row.region, row.sku): row.available for row in rows}


def machines_of(*, tier: str, models: Collection[str]) -> dict[tuple[str, str, str, str], int]:
    """Return what Azure's machines can take, by (model, version, region, sku), in one query."""
    rows = RealCapacity.objects.filter(subscription__tier=tier, model__in=models)
    found = rows.values_list("model", "version", "region", "sku", "available")
    return {(model, version, region, sku): room for model, version, region, sku, room in found}


def place_of(subject: str) -> Placed | None:
    """Return where a subject was placed; None where it holds no place (any more)."""
    held = (
        Hold.objects.filter(subject=subject, status__in=LIVE, pool__meter=DEPLOYMENTS)
        .select_related("pool__placement__subscription")
        .first()
    )
    return Placed(held.pool.placement, held.why) if held and held.pool.placement else None


def pools_of_subject(subject: str) -> list[Share]:
    """Return the pools that a subject has a live part of, its own part included in each."""
    holds = {h.pool_id: h for h in Hold.objects.filter(subject=subject, status__in=LIVE)}
    return [
        Share(pool, (hold := holds[pool.pool_id]).amount, HoldStatus(hold.status), hold.why)
        for pool in frees(Pool.objects.filter(pk__in=holds))
    ]


def tightest(count: int) -> list[Free]:
    """Return the pools in use with the smallest free share, the tightest first.

    Deployments per account are left out: when an account is full the next one is made.
    """
    used = Q(azure_used__gt=0) | Q(holds__status__in=LIVE)
    ids = Pool.objects.filter(used, limit__gt=0, placement=None).values("pk")
    found = frees(Pool.objects.filter(pk__in=ids))
    return sorted(found, key=lambda pool: (pool.free / pool.limit, pool.pool_id))[:count]


def subscriptions() -> QuerySet[Subscription]:
    """Return the subscriptions that we use, production first."""
    return Subscription.objects.order_by("-tier")


def every_subscription(viewer: Any) -> list[Subscription]:
    """List the subscriptions, the same for everybody: a page asks once for all its parts."""
    return list(subscriptions())


def last_synced_at(known: Iterable[Subscription] | None = None) -> datetime | None:
    """Return since when all subscriptions are known; None while one never was."""
    times = [one.synced_at for one in (subscriptions() if known is None else known)]
    return min((at for at in times if at), default=None) if all(times) else None


def sku_of(meter: str) -> str:
    """Return the SKU in a usage name: `OpenAI.GlobalStandard.gpt-5.1` counts GlobalStandard."""
    return meter.split(".")[1]


def label_of(meter: str) -> str:
    """Name a meter for people: `gpt-5.1 Global Standard`."""
    if meter in (ACCOUNTS, DEPLOYMENTS):
        return meter.capitalize()
    if meter.startswith(GPU):
        return f"{sku_of(meter).removeprefix('standard').removesuffix('Family')} GPU {VCPU}"
    _, sku, *model = meter.split(".", 2)
    kind = catalog.deployment_types().get(sku)
    return " ".join([*model, kind.label if kind else sku])


def _pools(tier: str) -> QuerySet[Pool]:
    return Pool.objects.filter(subscription__tier=tier, placement=None)


def _sum(status: HoldStatus, **more: Any) -> Any:
    return Coalesce(Sum("live__amount", filter=Q(live__status=status, **more)), 0)
