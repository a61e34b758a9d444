"""Everything that a model's page says of one version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from apps.catalog.selectors import offers, prices
from apps.catalog.selectors.facts import (
    BatchFacts,
    ModelFacts,
    OpinionFacts,
    PtuFacts,
    QuotaFacts,
    TypeFacts,
    VersionFacts,
)
from apps.catalog.selectors.life import Life, life_of
from apps.catalog.selectors.prices import PriceLine
from apps.catalog.selectors.residency import allowed_classes
from apps.catalog.states import Lifecycle


@dataclass(frozen=True, slots=True)
class QuotaLine:
    """The limits of one type over the tiers, and the requests that come with each K TPM."""

    type: TypeFacts
    tiers: Sequence[QuotaFacts]
    per_k_tpm: float | None


@dataclass(frozen=True, slots=True)
class BatchLine:
    """The limits of one batch type."""

    type: TypeFacts
    limits: BatchFacts


@dataclass(frozen=True, slots=True)
class Sheet:
    """One version of a model, as its page shows it."""

    model: ModelFacts
    version: VersionFacts | None
    life: Life
    lifecycle: str
    days_left: int | None
    others: Sequence[VersionFacts]
    offered: bool
    choosable: bool
    prices: Sequence[PriceLine]
    price_source: tuple[str, date]
    opinions: Sequence[OpinionFacts]
    quotas: Sequence[QuotaLine]
    batches: Sequence[BatchLine]
    ptu: PtuFacts | None
    classes: Sequence[tuple[str, str]]
    notes: Sequence[str]


def model_sheet(name: str, version: VersionFacts | None, on: date) -> Sheet:
    """Gather the facts of a model; `version` is None for one that no table gives a version."""
    offered = offers.availability(name, version.version) if version else frozenset()
    left = (version.retires_on - on).days if version and version.retires_on else None
    return Sheet(
        model=offers.models()[name],
        version=version,
        life=life_of(version, on) if version else Life("Not offered", "off", "circle-dashed"),
        lifecycle=str(Lifecycle(version.lifecycle).label) if version and version.lifecycle else "",
        days_left=left if left is not None and left > 0 else None,
        others=[one for one in offers.versions(name) if one != version],
        offered=bool(offered),
        choosable=bool(offered) and version is not None and not version.retired(on),
        prices=prices.price_lines(model=name, version=version.version if version else "", on=on),
        price_source=prices.price_source(),
        opinions=prices.opinions(name),
        quotas=_quota_lines(name),
        batches=[
            BatchLine(kind, limits)
            for sku, kind in offers.deployment_types().items()
            if (limits := offers.batch_quotas(name, sku))
        ],
        ptu=offers.ptu_parameters(name),
        classes=allowed_classes(offered),
        notes=offers.notes(name, on),
    )


def _quota_lines(name: str) -> list[QuotaLine]:
    found = offers.quotas(name)
    return [
        QuotaLine(
            kind,
            [one for one in found if one.sku == sku],
            offers.requests_per_k_tpm(model=name, sku=sku),
        )
        for sku, kind in offers.deployment_types().items()
        if any(one.sku == sku for one in found)
    ]
