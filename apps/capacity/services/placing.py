"""Choose the account that something is placed on, or name a new one."""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.capacity import selectors
from apps.capacity.models import Hold, Placement, Pool, Subscription
from apps.capacity.protocols import ACCOUNTS, DEPLOYMENTS, Placing
from apps.capacity.rules import DEPLOYMENTS_PER_ACCOUNT, account_name, resource_group
from apps.capacity.selectors import Free, Placed
from apps.capacity.services.locks import locked_pools
from apps.capacity.states import HoldStatus
from apps.kernel.errors import ConflictError


@transaction.atomic
def place(*, placing: Placing) -> Placed:
    """Choose a shared account of a region, or name a new one; holds nothing on it.

    Two at once: the second waits for the pool of accounts and sees what the first one made.
    """
    where = {"subscription__tier": placing.tier, "region": placing.region}
    accounts = locked_pools(Q(**where, meter=ACCOUNTS, placement=None))
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
        subject=account_ref(placement),
        amount=1,
        status=HoldStatus.COMMITTED,
        why=why,
    )
    return Placed(placement, why)


def _name_anew(placement: Placement) -> None:
    """Give an account that nobody is on and that was never built the name it would get now.

    So a name that was taken in Azure is left behind once PORTAL_AZURE_PREFIX is set.
    """
    if Hold.objects.filter(subject=account_ref(placement), status=HoldStatus.BUILT).exists():
        return
    number = int(placement.name.rsplit("-", 1)[1])
    tier = placement.subscription.tier
    placement.name = account_name(tier=tier, region=placement.region, number=number)
    placement.save(update_fields=["name"])


def account_ref(placement: Placement) -> str:
    """Return the subject that holds an account itself."""
    return f"account:{placement.pk}"
