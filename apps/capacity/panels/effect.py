"""What a yes would take, and where quota runs out first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from apps.capacity import selectors
from apps.capacity.selectors import Free, Level, Share
from apps.capacity.states import HoldStatus
from apps.kernel import formats
from apps.kernel.panels import once
from apps.teams import selectors as teams
from apps.teams.roles import Action

if TYPE_CHECKING:
    from apps.teams.models import Person, Team

TIGHT_POOLS = 4


class Asks(Protocol):
    """What a team asks for, known by a text reference."""

    @property
    def ref(self) -> str:
        """The text reference, such as `request:42`."""

    @property
    def team(self) -> "Team":
        """The team whose allowance it takes from."""


@dataclass(frozen=True)
class Effect:
    """A pool before and after a yes; amounts in the pool's unit."""

    label: str
    detail: str
    unit: str
    before: int
    after: int
    amount: int
    limit: int
    sentence: str


def effect_of_a_yes(viewer: "Person", *, request: Asks, **_: Any) -> dict[str, Any] | None:
    """Show each pool and allowance before and after, while a yes is still to be said."""
    shares = [
        share
        for share in selectors.pools_of_subject(request.ref)
        if share.status == HoldStatus.HELD
    ]
    if not shares:
        return None
    levels = selectors.levels([share.pool for share in shares], request.team)
    return {
        "effects": [
            effect
            for share in shares
            for effect in (_effect(share), *_allowances(share, levels[share.pool.pool_id]))
        ],
        "as_of": min(share.pool.synced_at for share in shares),
    }


def _effect(share: Share) -> Effect:
    pool = share.pool
    before = pool.taken - share.amount
    detail = share.why if pool.account else _others(share)
    return Effect(
        label=f"{pool.account}, deployments" if pool.account else f"{pool.label}, {pool.region}",
        detail=detail,
        unit="" if pool.account else pool.unit,
        before=before,
        after=pool.taken,
        amount=share.amount,
        limit=pool.limit,
        sentence=(
            f"{formats.number(before)} of {formats.number(pool.limit)} {pool.unit} used or "
            f"promised now, {formats.number(pool.taken)} after a yes"
        ),
    )


def _allowances(share: Share, levels: Sequence[Level]) -> Iterator[Effect]:
    """Show the share of the team's unit, and its own, where they are set."""
    unit, (_, *inside) = share.pool.unit, levels
    for level in inside:
        after = level.limit - level.left
        yield Effect(
            label=f"Allowance of {level.of}",
            detail=f"{share.pool.label}, {share.pool.region}",
            unit=unit,
            before=max(0, after - share.amount),
            after=after,
            amount=share.amount,
            limit=level.limit,
            sentence=(
                f"{formats.number(max(0, after - share.amount))} of "
                f"{formats.number(level.limit)} {unit} promised now, "
                f"{formats.number(after)} after a yes"
            ),
        )


def _others(share: Share) -> str:
    """Say what stands behind the present use of a pool."""
    pool = share.pool
    parts = (
        (pool.built, "built"),
        (pool.foreign, "in Azure past the portal"),
        (pool.committed, "approved, not built yet"),
        (pool.held - share.amount, "held by other requests"),
    )
    said = [f"{formats.number(amount)} {words}" for amount, words in parts if amount]
    return ", ".join(said) or "nothing used or promised yet"


def tight_pools(viewer: "Person") -> dict[str, Any] | None:
    """Show platform admins where quota runs out first."""
    if not teams.may(viewer, Action.JOB_OPERATE, None):
        return None
    pools = once(viewer, _tightest)
    return {
        "pools": [(pool, _use(pool)) for pool in pools],
        "as_of": min((pool.synced_at for pool in pools), default=None),
        "troubles": [one for one in once(viewer, selectors.every_subscription) if one.trouble],
    }


def _tightest(viewer: "Person") -> Sequence[Free]:
    return selectors.tightest(TIGHT_POOLS)


def _use(pool: Free) -> str:
    firm, held = formats.percent(pool.firm / pool.limit), formats.percent(pool.held / pool.limit)
    return f"{pool.label}, {pool.region}: {firm} used or committed, {held} held"


def tightest_figure(viewer: "Person") -> dict[str, Any] | None:
    """Head the platform admin's home with the tightest pool."""
    if not teams.may(viewer, Action.JOB_OPERATE, None):
        return None
    pools = once(viewer, _tightest)
    if not pools:
        return None
    pool = pools[0]
    share, unit = formats.percent(pool.free / pool.limit).split(formats.NBSP)
    return {
        "kpis": [
            {
                "label": "Tightest pool, free",
                "value": share,
                "unit": unit,
                "foot": f"{formats.quantity(pool.free, pool.unit)} of "
                f"{formats.number(pool.limit)}: {pool.label}, {pool.region}",
            }
        ]
    }
