"""List prices in force on a day."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from apps.catalog.selectors.facts import OpinionFacts, PriceFacts
from apps.catalog.selectors.snapshot import facts
from apps.catalog.states import Billing, Scope
from apps.kernel import formats

DIRECTIONS = ("input", "cached_input", "output")
SCOPES = {
    "unnamed": "without naming a type",
    "global": "Global",
    "datazone EU": "Data Zone EU",
    "datazone US": "Data Zone US",
}
CARRIES = {"": "", "audio": "audio tokens", "image": "image tokens"}


def price_in_force(
    *, model: str, sku: str, region: str, on: date, version: str = ""
) -> PriceFacts | None:
    """Return the list price on a day, or None where no price is known.

    `version` matters only for models whose versions cost different amounts (gpt-4o). Provisioned
    types have a price per PTU and hour that is the same for every model.
    """
    known = facts()
    kind = known.types.get(sku)
    if kind and kind.billing == "ptu":
        keys = [("", "", sku, region)]
    else:
        keys = [(model, version, sku, region), (model, "", sku, region)]
    for key in keys:
        for price in known.prices.get(key, ()):
            if price.effective_on <= on and (price.ends_on is None or on < price.ends_on):
                return price
    return None


def price_set(pk: int) -> PriceFacts | None:
    """Return a set that something was priced by, whether or not it is still in force."""
    every = (price for prices in facts().prices.values() for price in prices)
    return next((price for price in every if price.price_set_id == pk), None)


def price_source() -> tuple[str, date]:
    """Say what was looked in for prices, and the day it speaks for."""
    return facts().price_source


@dataclass(frozen=True, slots=True)
class Opinion:
    """What another source says where Azure names no price: `1.75 input, 14.00 output`."""

    scopes: str
    said: str
    source: str
    as_of: date


def opinions(model: str) -> list[Opinion]:
    """Return what another source says where Azure names no price; never used for money."""
    by_scope: dict[str, list[OpinionFacts]] = {}
    for one in facts().opinions.get(model, ()):
        if not one.differs:
            by_scope.setdefault(one.scope, []).append(one)
    alike: dict[str, list[str]] = {}
    for scope, group in by_scope.items():
        said = ", ".join(
            f"{formats.unit_price(one.per_1m_nano)} {one.token_class.replace('_', ' ')}"
            for one in sorted(group, key=lambda one: DIRECTIONS.index(one.token_class))
        )
        alike.setdefault(said, []).append(SCOPES.get(scope, scope))
    first = next((group[0] for group in by_scope.values()), None)
    return [
        Opinion(" and ".join(scopes), said, first.source, first.as_of)
        for said, scopes in alike.items()
        if first
    ]


@dataclass(frozen=True, slots=True)
class PriceLine:
    """A type's lowest and highest price over its regions, by class, in nano-USD per 1 M tokens.

    For provisioned types `ptu_hour` is set instead. None: no price known.
    """

    group: str
    label: str
    carries: str
    classes: Sequence[tuple[int, int] | None] = (None, None, None)
    ptu_hour: tuple[int, int] | None = None
    is_ptu: bool = False

    @property
    def known(self) -> bool:
        """Say whether any price is known."""
        return self.ptu_hour is not None or any(self.classes)


def price_lines(*, model: str, version: str, on: date) -> list[PriceLine]:
    """Return the price table of a version over the regions that offer it."""
    known = facts()
    offered = known.offers.get((model, version), frozenset())
    lines: list[PriceLine] = []
    for sku, kind in known.types.items():
        regions = [region for found, region in offered if found == sku]
        if not regions:
            continue
        found = [
            price
            for region in regions
            if (
                price := price_in_force(model=model, version=version, sku=sku, region=region, on=on)
            )
        ]
        group, label = str(Billing(kind.billing).label), str(Scope(kind.scope).label)
        if kind.billing == "ptu":
            hours = [one.ptu_hour_nano for one in found if one.ptu_hour_nano is not None]
            lines.append(PriceLine(group, label, "", ptu_hour=_span(hours), is_ptu=True))
        else:
            lines += _token_lines(group, label, [one.per_1m_nano for one in found])
    return lines


def _token_lines(group: str, label: str, found: Sequence[Mapping[str, int]]) -> Iterator[PriceLine]:
    for carries, words in CARRIES.items():
        classes = [
            _span([prices[name] for prices in found if name in prices])
            for name in (_class(direction, carries) for direction in DIRECTIONS)
        ]
        if any(classes) or not carries:
            yield PriceLine(group, label, words, classes)


def _class(direction: str, carries: str) -> str:
    if not carries:
        return direction
    return f"cached_{carries}_input" if direction == "cached_input" else f"{carries}_{direction}"


def _span(nanos: Sequence[int]) -> tuple[int, int] | None:
    return (min(nanos), max(nanos)) if nanos else None
