"""List prices in force on a day."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from apps.catalog.selectors.facts import OpinionFacts, PriceFacts
from apps.catalog.selectors.snapshot import facts

DIRECTIONS = ("input", "cached_input", "output")
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


def price_source() -> tuple[str, date]:
    """Say what was looked in for prices, and the day it speaks for."""
    return facts().price_source


def opinions(model: str) -> Sequence[OpinionFacts]:
    """Return what another source says where Azure names no price; never used for money."""
    return [one for one in facts().opinions.get(model, ()) if not one.differs]


@dataclass(frozen=True, slots=True)
class PriceLine:
    """A type's lowest and highest price over its regions, by class, in nano-USD per 1 M tokens.

    For provisioned types `ptu_hour` is set instead. None: no price known.
    """

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
        if kind.billing == "ptu":
            hours = [one.ptu_hour_nano for one in found if one.ptu_hour_nano is not None]
            lines.append(PriceLine(kind.label, "", ptu_hour=_span(hours), is_ptu=True))
        else:
            lines += _token_lines(kind.label, [one.per_1m_nano for one in found])
    return lines


def _token_lines(label: str, found: Sequence[Mapping[str, int]]) -> Iterator[PriceLine]:
    for carries, words in CARRIES.items():
        classes = [
            _span([prices[name] for prices in found if name in prices])
            for name in (_class(direction, carries) for direction in DIRECTIONS)
        ]
        if any(classes) or not carries:
            yield PriceLine(label, words, classes)


def _class(direction: str, carries: str) -> str:
    if not carries:
        return direction
    return f"cached_{carries}_input" if direction == "cached_input" else f"{carries}_{direction}"


def _span(nanos: Sequence[int]) -> tuple[int, int] | None:
    return (min(nanos), max(nanos)) if nanos else None
