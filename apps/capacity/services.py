"""Promise capacity out of pools, and keep what was promised: the only code that locks a Pool.

Whoever locks pools locks them in the order of their ids, so two of them never wait for each other.
The pool of accounts of a region guards the region's accounts and what is placed on them.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from apps.capacity import collectors, selectors
from apps.capacity.models import Hold, Placement, Pool, Subscription
from apps.capacity.protocols import (
    ACCOUNTS,
    DEPLOYMENTS,
    AsksForCapacity,
    Claim,
    HasSubject,
    Placing,
)
from apps.capacity.rules import DEPLOYMENTS_PER_ACCOUNT, account_name, resource_group
from apps.capacity.selectors import Free, Placed
from apps.capacity.states import LIVE, HoldStatus
from apps.catalog import selectors as catalog
from apps.kernel import audit, formats, states
from apps.kernel.actors import SYSTEM
from apps.kernel.errors import ConflictError

Key = tuple[str, str, str]


@transaction.atomic
def hold(event: AsksForCapacity) -> None:
    """Hold what an event claims, and a place for it, all or nothing (a guard: it may refuse).

    Of any number of holds at the same moment, in any mix of amounts, exactly as many pass as fit:
    each waits for the locks of its pools and then reads what the others left.
    """
    claims = _summed(event.claims)
    pools = _locked(_wanted(claims, event.placing))
    holds = []
    for key, claim in claims.items():
        pool = pools.get(key)
        _refuse_unless_free(claim, pool)
        assert pool is not None  # noqa: S101
        holds.append(Hold(pool_id=pool.pool_id, amount=claim.amount, why=event.why[:300]))
    promised = {
        f"{selectors.label_of(claim.meter)}, {claim.region}": f"{claim.amount} {claim.unit}"
        for claim in claims.values()
    }
    if event.placing:
        placed = place(placing=event.placing)
        slot = Pool.objects.get(placement=placed.placement, meter=DEPLOYMENTS)
        holds.append(Hold(pool=slot, amount=1, why=placed.why[:300]))
        promised["place"] = placed.placement.name
    for row in holds:
        row.subject = event.subject
    Hold.objects.bulk_create(holds)
    audit.record(
        subject=event.subject,
        subject_name=event.why,
        verb="held capacity",
        after=promised,
        by=SYSTEM,
    )


@transaction.atomic
def place(*, placing: Placing) -> Placed:
    """Choose a shared account of a region, or name a new one; holds nothing on it.

    Two at once: the second waits for the pool of accounts and sees what the first one made.
    """
    where = {"subscription__tier": placing.tier, "region": placing.region}
    accounts = _locked(Q(**where, meter=ACCOUNTS, placement=None))
    if not accounts:
        raise ConflictError(
            f"Azure’s limits in {placing.region} have not been read yet. Choose another region, "
            "or wait for the next reading; it comes every ten minutes."
        )
    placements = Placement.objects.filter(**where, owner=Placement.Owner.PLATFORM)
    slots = selectors.frees(Pool.objects.filter(placement__in=placements, meter=DEPLOYMENTS))
    for slot in slots:
        if slot.free:
            found = placements.select_related("subscription").get(name=slot.account)
            if not slot.taken:
                _name_anew(found)
            why = f"Shared account with {slot.free} of {slot.limit} places free"
            return Placed(found, why)
    (pool,) = accounts.values()
    if not pool.free:
        raise ConflictError(
            f"All accounts in {placing.region} are full, and Azure allows no more than "
            f"{pool.limit}. Choose another region."
        )
    return _new_account(placing, number=len(slots) + 1, pool=pool)


def commit(event: HasSubject) -> None:
    """Keep what a subject holds: it was approved. Refuses what was released meanwhile."""
    if not _move(event.subject, HoldStatus.COMMITTED):
        raise ConflictError(
            "The capacity for this was given back meanwhile. Submit it again to hold it anew."
        )


@transaction.atomic
def mark_built(event: HasSubject) -> None:
    """Note that what was promised to a subject, and the account it is on, now exist in Azure."""
    placed = selectors.place_of(event.subject)
    _move(event.subject, HoldStatus.BUILT)
    if placed:
        _move(_account_ref(placed.placement), HoldStatus.BUILT)


def release(event: HasSubject) -> None:
    """Give back whatever a subject holds; giving back twice changes nothing."""
    _move(event.subject, HoldStatus.RELEASED)


def sync_all() -> list[Subscription]:
    """Read the limits of all our subscriptions from Azure; returns them, with their trouble."""
    return collectors.sync_all()


@transaction.atomic
def _move(subject: str, to: HoldStatus) -> bool:
    """Move a subject's live holds; returns False if it once held something and no longer does.

    The rows are locked first, so that of an approval and a withdrawal at once the second sees what
    the first one did.
    """
    holds = Hold.objects.filter(subject=subject).order_by("pk").select_for_update()
    ever = list(holds)
    live = [row for row in ever if row.status in LIVE]
    for row in live:
        if row.status != to:
            states.move(row, to=to, by=SYSTEM, changed_at=Now())
    return bool(live) or not ever


def _summed(claims: Sequence[Claim]) -> dict[Key, Claim]:
    """Add up claims on the same pool."""
    found: dict[Key, Claim] = {}
    amounts: defaultdict[Key, int] = defaultdict(int)
    for claim in claims:
        key = (claim.tier, claim.region, claim.meter)
        amounts[key] += claim.amount
        found[key] = replace(claim, amount=amounts[key])
    return found


def _wanted(keys: Collection[Key], placing: Placing | None) -> Q:
    """Find the pools that a hold has to lock."""
    keys = [*keys, *([(placing.tier, placing.region, ACCOUNTS)] if placing else [])]
    where = Q(pk__in=())
    for tier, region, meter in keys:
        where |= Q(subscription__tier=tier, region=region, meter=meter, placement=None)
    return where


def _locked(where: Q) -> dict[Key, Free]:
    """Lock pools in the order of their ids, then read them: after the wait, not before it."""
    rows: QuerySet[Pool] = Pool.objects.filter(where).order_by("pk")
    ids = [row.pk for row in rows.select_for_update(of=("self",), no_key=True)]
    pools = selectors.frees(Pool.objects.filter(pk__in=ids))
    return {(pool.tier, pool.region, pool.meter): pool for pool in pools}


def _refuse_unless_free(claim: Claim, pool: Free | None) -> None:
    """Let a claim pass, or say what is free and what would pass; quota and machines apart."""
    label = selectors.label_of(claim.meter)
    asked = formats.quantity(claim.amount, claim.unit)
    if pool is None or not pool.limit:
        raise ConflictError(
            f"There is no quota for {label} in {claim.region}: our subscription has none. "
            f"{_elsewhere(claim)}"
        )
    if claim.amount > pool.free:
        left = formats.quantity(pool.free, claim.unit)
        less = f"Ask for {left} or less. " if pool.free else ""
        raise ConflictError(
            f"{asked} of {label} in {claim.region} are more than is free: {left} of "
            f"{formats.number(pool.limit)}, {formats.as_of(pool.synced_at)}. "
            f"{less}{_elsewhere(claim)}"
        )
    machines = selectors.real_capacity(
        tier=claim.tier,
        region=claim.region,
        sku=selectors.sku_of(claim.meter),
        model=claim.model,
        version=claim.version,
    )
    if machines is not None and claim.amount > machines:
        room = formats.quantity(machines, claim.unit)
        less = f"Ask for {room} or less. " if machines else ""
        raise ConflictError(
            f"The quota has room for {asked} of {label}, but Azure’s machines in {claim.region} "
            f"can take {room} now. {less}{_elsewhere(claim)}"
        )


def _elsewhere(claim: Claim) -> str:
    """Name a region that has room for a claim, one of the same geography first."""
    sku, regions = selectors.sku_of(claim.meter), catalog.regions()
    offered = catalog.availability(claim.model, claim.version)
    machines = selectors.real_capacities(tier=claim.tier, model=claim.model, version=claim.version)
    pools = selectors.free_by_region(tier=claim.tier, meters=[claim.meter]).values()
    room = {
        pool.region: min(pool.free, machines.get((pool.region, sku), pool.free))
        for pool in pools
        if (sku, pool.region) in offered
    }
    fits = [region for region, amount in room.items() if amount >= claim.amount]
    if not fits:
        return "No other region has room for it either."
    here = getattr(regions.get(claim.region), "geography", "")
    best = min(fits, key=lambda name: (regions[name].geography != here, -room[name], name))
    return f"{best} has {formats.quantity(room[best], claim.unit)} free."


def _new_account(placing: Placing, *, number: int, pool: Free) -> Placed:
    """Name the next account of a region and take it out of the pool of accounts."""
    placement = Placement.objects.create(
        subscription=Subscription.objects.get(tier=placing.tier),
        region=placing.region,
        name=account_name(tier=placing.tier, region=placing.region, number=number),
        resource_group=resource_group(tier=placing.tier, region=placing.region),
    )
    Pool.objects.create(
        subscription=placement.subscription,
        region=placing.region,
        meter=DEPLOYMENTS,
        placement=placement,
        limit=DEPLOYMENTS_PER_ACCOUNT,
        unit=DEPLOYMENTS,
        synced_at=timezone.now(),
    )
    why = f"A new shared account, number {pool.taken + 1} of {pool.limit} in {placing.region}" + (
        "" if number == 1 else ": the others are full"
    )
    Hold.objects.create(
        pool_id=pool.pool_id,
        subject=_account_ref(placement),
        amount=1,
        status=HoldStatus.COMMITTED,
        why=why,
    )
    return Placed(placement, why)


def _name_anew(placement: Placement) -> None:
    """Give an account that nobody is on and that was never built the name it would get now.

    So a name that was taken in Azure is left behind once PORTAL_AZURE_PREFIX is set.
    """
    if Hold.objects.filter(subject=_account_ref(placement), status=HoldStatus.BUILT).exists():
        return
    number = int(placement.name.rsplit("-", 1)[1])
    tier = placement.subscription.tier
    placement.name = account_name(tier=tier, region=placement.region, number=number)
    placement.save(update_fields=["name"])


def _account_ref(placement: Placement) -> str:
    return f"account:{placement.pk}"
