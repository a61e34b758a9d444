"""Write what Azure said, in short transactions; of two readings the later one stays."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from apps.capacity.collectors.foreign import note_foreign
from apps.capacity.models import Pool, RealCapacity, Subscription
from apps.capacity.protocols import ACCOUNTS, GPU, VCPU
from apps.capacity.selectors import sku_of
from apps.catalog import selectors as catalog
from apps.cloud.client import ModelCapacity, Usage

MeterFacts = Mapping[str, Usage]
Version = tuple[str, str, str]
GPUS = Q(meter__startswith=GPU)
MODELS = ~GPUS


@transaction.atomic
def write_region(
    subscription: Subscription,
    region: str,
    found: MeterFacts,
    read_at: datetime,
    *,
    meters: Q = MODELS,
) -> None:
    """Write a region's pools: locked in the order of their ids like everywhere, then upserted.

    A meter of those asked for (`meters`) that Azure no longer lists has a limit of 0 from now on.
    Of two syncs at once the later reading stays.
    """
    _one_at_a_time(subscription)
    pools = Pool.objects.filter(meters, subscription=subscription, region=region, placement=None)
    locked = pools.order_by("pk").select_for_update(no_key=True)
    if any(known_at > read_at for known_at in locked.values_list("synced_at", flat=True)):
        return
    pools.exclude(meter__in=found).update(limit=0, azure_used=0, synced_at=read_at)
    Pool.objects.bulk_create(
        [
            Pool(
                subscription=subscription,
                region=region,
                meter=meter,
                limit=usage.limit,
                azure_used=usage.used,
                unit=_unit(meter),
                synced_at=read_at,
            )
            for meter, usage in sorted(found.items())
        ],
        update_conflicts=True,
        unique_fields=["subscription", "region", "meter", "placement"],
        update_fields=["limit", "azure_used", "unit", "synced_at"],
    )
    note_foreign(pools, read_at)


def _unit(meter: str) -> str:
    if meter == ACCOUNTS:
        return ACCOUNTS
    if meter.startswith(GPU):
        return VCPU
    kind = catalog.deployment_types().get(sku_of(meter))
    return kind.unit if kind else "units"


@transaction.atomic
def write_version(
    subscription: Subscription, version: Version, listed: list[ModelCapacity], read_at: datetime
) -> None:
    """Write what machines can take of a version; a place that is not listed any more is dropped.

    Of two syncs at once the later reading stays.
    """
    _one_at_a_time(subscription)
    _, model, name = version
    known = RealCapacity.objects.filter(subscription=subscription, model=model, version=name)
    if known.filter(synced_at__gt=read_at).exists():
        return
    found = {(one.region, one.sku): one for one in listed}
    RealCapacity.objects.bulk_create(
        [
            RealCapacity(
                subscription=subscription,
                region=region,
                sku=sku,
                model=model,
                version=name,
                available=one.available,
                synced_at=read_at,
            )
            for (region, sku), one in sorted(found.items())
        ],
        update_conflicts=True,
        unique_fields=["subscription", "region", "sku", "model", "version"],
        update_fields=["available", "synced_at"],
    )
    known.filter(synced_at__lt=read_at).delete()


def _one_at_a_time(subscription: Subscription) -> None:
    """Wait for another sync that writes now: two with different answers would lock crosswise."""
    Subscription.objects.select_for_update(no_key=True).get(pk=subscription.pk)
