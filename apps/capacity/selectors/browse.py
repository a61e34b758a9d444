"""The list of pools: its filters, its pages, its export."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.capacity.models import Hold, Pool
from apps.capacity.protocols import ACCOUNTS, VCPU
from apps.capacity.selectors.pools import Free, frees
from apps.capacity.states import LIVE
from apps.kernel import keyset

ORDER = ("region", "meter", "id")
MAX_TEXT = 80
UNITS = {
    "K TPM": "Tokens per minute",
    "PTU": "Provisioned (PTU)",
    "K enqueued tokens": "Batch tokens",
    VCPU: "GPU vCPU",
    ACCOUNTS: "Accounts",
}
TIERS = {"prod": "Production", "nonprod": "Non-production"}
SHOWN = {"used": "in use", "quota": "with quota", "all": "all that Azure lists"}


@dataclass(frozen=True)
class Asked:
    """What the address of the list asks for; an empty value means "any"."""

    text: str = ""
    region: str = ""
    unit: str = ""
    tier: str = ""
    show: str = "quota"
    cursor: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Asked":
        """Read the query of an address; what it does not know counts as any."""
        unit, tier, show = (query.get(name, "") for name in ("unit", "tier", "show"))
        return cls(
            text=query.get("text", "").strip()[:MAX_TEXT],
            region=query.get("region", "")[:MAX_TEXT],
            unit=unit if unit in UNITS else "",
            tier=tier if tier in TIERS else "",
            show=show if show in SHOWN else "quota",
            cursor=query.get("cursor", ""),
        )

    @property
    def filtered(self) -> bool:
        """Say whether anything narrows the list."""
        return bool(self.text or self.region or self.unit or self.tier or self.show != "quota")


@dataclass(frozen=True)
class PoolsPage:
    """One page of pools with what is promised out of each."""

    page: keyset.Page[Pool]
    rows: list[Free]


def pools_page(asked: Asked) -> PoolsPage:
    """Cut one page out of the pools, by region and meter; two queries."""
    page = keyset.page(matching(asked), order=ORDER, cursor=asked.cursor)
    found = {pool.pool_id: pool for pool in frees(Pool.objects.filter(pk__in=_ids(page.rows)))}
    return PoolsPage(page, [found[pool.pk] for pool in page.rows])


def export_rows(asked: Asked) -> Iterator[Free]:
    """Return all rows of the list, in the same order."""
    rows = frees(Pool.objects.filter(pk__in=matching(asked).values("pk")))
    return iter(sorted(rows, key=lambda pool: (pool.region, pool.meter, pool.pool_id)))


def matching(asked: Asked) -> QuerySet[Pool]:
    """Return the pools that fit the address, in no order."""
    wanted = {"region": asked.region, "unit": asked.unit, "subscription__tier": asked.tier}
    rows = Pool.objects.filter(placement=None, **{k: v for k, v in wanted.items() if v})
    if asked.show == "quota":
        rows = rows.filter(limit__gt=0)
    if asked.show == "used":
        live = Hold.objects.filter(pool=OuterRef("pk"), status__in=LIVE)
        rows = rows.filter(Q(azure_used__gt=0) | Exists(live))
    for word in asked.text.split():
        rows = rows.filter(Q(meter__icontains=word) | Q(region__icontains=word))
    return rows


def pool_regions() -> list[str]:
    """List the regions that have pools."""
    rows = Pool.objects.filter(placement=None).order_by("region")
    return list(rows.values_list("region", flat=True).distinct())


def _ids(rows: Sequence[Pool]) -> list[int]:
    return [pool.pk for pool in rows]
