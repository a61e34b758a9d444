"""A pool as a row and as the head of its page; what units are committed to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apps.capacity.selectors import Free
from apps.capacity.selectors.browse import TIERS
from apps.capacity.selectors.holders import Committed
from apps.capacity.selectors.holders import committed as committed_by_unit
from apps.catalog import selectors as catalog
from apps.kernel import formats

if TYPE_CHECKING:
    from apps.teams.models import Person

PARTS = (  # of a bar: the amount, what it is called, its class in the stylesheet
    ("built", "built", "b-fill"),
    ("foreign", "past the portal", "b-mute"),
    ("committed", "approved, not built yet", "b-c3"),
    ("held", "held by open requests", ""),
)


@dataclass(frozen=True)
class Segment:
    """A part of a bar: from `x` on so wide, in percent of the limit; hatched without a class."""

    x: str
    width: str
    css: str


@dataclass(frozen=True)
class Row:
    """A pool with the bar of its use: `words` says the bar."""

    pool: Free
    segments: Sequence[Segment]
    words: str

    @property
    def is_full(self) -> bool:
        """Nothing of a limit may be promised any more."""
        return bool(self.pool.limit) and not self.pool.free


def row_of(pool: Free) -> Row:
    """Lay a pool's bar out: built, past the portal, approved, held; what remains is free."""
    segments, at = [], 0.0
    for name, _, css in PARTS:
        share = 100 * getattr(pool, name) / pool.limit if pool.limit else 0.0
        share = min(share, 100 - at)
        if share > 0:
            segments.append(Segment(f"{at:.2f}%", f"{share:.2f}%", css))
        at += share
    said = [
        f"{formats.number(amount)} {words}"
        for name, words, _ in PARTS
        if (amount := getattr(pool, name))
    ]
    free = f"{formats.number(pool.free)} of {formats.number(pool.limit)} {pool.unit} free"
    return Row(pool, segments, ", ".join([*said, free]))


def kpis_of(pool: Free) -> list[Mapping[str, str]]:
    """Head a pool's page with four numbers: limit, free, promised, past the portal."""
    promised = pool.built + pool.committed + pool.held
    of_limit = f"{formats.percent(pool.free / pool.limit)} of the limit" if pool.limit else ""
    parts = (
        ("Azure’s limit", pool.limit, f"{formats.as_of(pool.synced_at)}{_requests(pool)}"),
        ("Free to promise", pool.free, of_limit or "no quota"),
        (
            "Built and promised",
            promised,
            f"{formats.number(pool.built)} built, {formats.number(pool.committed)} approved, "
            f"{formats.number(pool.held)} held",
        ),
        (
            "Past the portal",
            pool.foreign,
            f"Azure counts {formats.number(pool.azure_used)}",
        ),
    )
    return [
        {"label": label, "value": formats.number(amount), "unit": pool.unit, "foot": foot}
        for label, amount, foot in parts
    ]


def tier_words(pool: Free) -> str:
    """Name the subscription of a pool in words."""
    return TIERS[pool.tier].lower()


def _requests(pool: Free) -> str:
    """Say how many requests a minute come with the tokens: Azure has no meter for them alone."""
    if pool.unit != "K TPM":
        return ""
    _, sku, model = pool.meter.split(".", 2)
    found = catalog.requests_per_minute(model=model, sku=sku, k_tpm=pool.limit)
    return f", with {formats.number(found)} requests / min" if found else ""


def committed(viewer: "Person") -> dict[str, Any]:
    """Add up what units are committed to a month, as far as the viewer may see cost."""
    units: list[Committed] = committed_by_unit(viewer)
    known = [one.list_cost_nano for one in units if one.list_cost_nano is not None]
    return {
        "units": units,
        "list_cost_nano": sum(known) if known else None,
        "count": sum(one.count for one in units),
        "unknown": sum(one.unknown for one in units),
    }
