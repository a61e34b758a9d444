"""Everything that a model's page says of one version."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from apps.catalog.selectors import offers, prices
from apps.catalog.selectors.facts import (
    ModelFacts,
    PtuFacts,
    QuotaFacts,
    TypeFacts,
    VersionFacts,
)
from apps.catalog.selectors.life import Life, life_of
from apps.catalog.selectors.prices import Opinion, PriceLine
from apps.catalog.selectors.residency import allowed_classes
from apps.catalog.states import Lifecycle
from apps.kernel import formats


@dataclass(frozen=True, slots=True)
class QuotaLine:
    """The limits of one type per tier, and the requests that come with each K TPM, as texts."""

    type: TypeFacts
    limits: Sequence[tuple[int, str]]
    per_k_tpm: str
    window_s: int


@dataclass(frozen=True, slots=True)
class QuotaTable:
    """The quota tiers of a model; each tier's page has its own date."""

    tiers: Sequence[tuple[int, date]]
    lines: Sequence[QuotaLine]
    source: str


@dataclass(frozen=True, slots=True)
class BatchTable:
    """Enqueued tokens of the batch types, by kind of subscription."""

    subscriptions: Sequence[str]
    lines: Sequence[tuple[TypeFacts, Sequence[tuple[str, int | None]]]]
    source: str
    as_of: date


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
    opinions: Sequence[Opinion]
    quotas: QuotaTable | None
    batches: BatchTable | None
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
        quotas=_quotas(name),
        batches=_batches(name),
        ptu=offers.ptu_parameters(name),
        classes=allowed_classes(offered),
        notes=offers.notes(name, on),
    )


def _quotas(name: str) -> QuotaTable | None:
    found = offers.quotas(name)
    if not found:
        return None
    tiers = sorted({(one.tier, one.as_of) for one in found})
    lines = []
    for sku, kind in offers.deployment_types().items():
        of_type = [one for one in found if one.sku == sku]
        if of_type:
            lines.append(
                QuotaLine(
                    type=kind,
                    limits=[
                        (tier, _limit(one for one in of_type if one.tier == tier))
                        for tier, _ in tiers
                    ],
                    per_k_tpm=_ratio(offers.requests_per_k_tpm(model=name, sku=sku)),
                    window_s=max(one.window_s for one in of_type),
                )
            )
    return QuotaTable(tiers, lines, found[0].source)


def _limit(quotas: Iterable[QuotaFacts]) -> str:
    """Write the lowest limit of a tier: K TPM, or requests where Microsoft limits those alone."""
    lowest = min(quotas, key=lambda one: (one.tpm or 0, one.requests), default=None)
    if lowest is None:
        return formats.UNKNOWN
    if lowest.k_tpm is None:
        a_minute = lowest.requests * 60 // lowest.window_s
        return f"{formats.plural(a_minute, 'request')} a minute"
    return formats.quantity(lowest.k_tpm, "K TPM")


def _ratio(ratio: float | None) -> str:
    if ratio is None:
        return formats.UNKNOWN
    return formats.number(ratio, 0 if ratio == int(ratio) else 2)


def _batches(name: str) -> BatchTable | None:
    found = [
        (kind, limits)
        for sku, kind in offers.deployment_types().items()
        if (limits := offers.batch_quotas(name, sku))
    ]
    if not found:
        return None
    subscriptions = list(found[0][1].tokens)
    return BatchTable(
        subscriptions,
        [
            (kind, [(one, limits.tokens.get(one)) for one in subscriptions])
            for kind, limits in found
        ],
        found[0][1].source,
        found[0][1].as_of,
    )
