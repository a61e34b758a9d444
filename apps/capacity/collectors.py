"""Read from Azure what our subscriptions may use, what they use, and what machines can take."""

from collections.abc import Mapping
from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.capacity.models import Pool, RealCapacity, Subscription
from apps.capacity.protocols import ACCOUNTS
from apps.capacity.selectors import sku_of
from apps.catalog import selectors as catalog
from apps.cloud.client import Azure, ModelCapacity, Usage, azure
from apps.cloud.errors import CloudError
from apps.kernel.errors import ConflictError

log = structlog.get_logger(__name__)
ACCOUNT_METER = "OpenAI.S0.AccountCount"
PREFIX = "OpenAI."
GIVE_UP_AFTER = 3
MeterFacts = Mapping[str, Usage]
Version = tuple[str, str, str]


def sync_all() -> list[Subscription]:
    """Sync every subscription of the settings; returns them with what went wrong, if anything."""
    synced = []
    for tier, azure_id in settings.AZURE_SUBSCRIPTIONS.items():
        if azure_id:
            subscription = _subscription(tier, azure_id)
            sync_subscription(subscription=subscription)
            synced.append(subscription)
    return synced


def sync_subscription(*, subscription: Subscription) -> None:
    """Bring pools and real capacity up to what Azure says now; promises are not touched.

    No transaction is open while Azure is asked. What could not be read keeps its old numbers and
    their time; `trouble` says so. After three refusals the rest is left for the next time.
    """
    client, began = (
        azure(subscription.azure_id, subject=f"sync:{subscription.tier}"),
        timezone.now(),
    )
    troubles: list[str] = []
    with catalog.one_revision():
        for region in catalog.regions():
            if len(troubles) < GIVE_UP_AFTER:
                _sync_region(subscription, client, region, troubles)
        for version in _versions():
            if len(troubles) < GIVE_UP_AFTER:
                _sync_version(subscription, client, version, troubles)
    subscription.trouble = " ".join(dict.fromkeys(troubles))
    if not troubles:
        subscription.synced_at = began
    subscription.save(update_fields=["trouble", "synced_at"])


def _subscription(tier: str, azure_id: str) -> Subscription:
    """Find or make the row of a tier; one that carries accounts is never pointed elsewhere."""
    row, _ = Subscription.objects.get_or_create(
        tier=tier, defaults={"azure_id": azure_id, "name": f"ai-platform-{tier}"}
    )
    if row.azure_id != azure_id:
        if row.placements.exists():
            raise ConflictError(
                f"The {tier} subscription is {row.azure_id} and has accounts on it. Set it back: "
                f"the portal cannot move them to {azure_id}."
            )
        row.azure_id = azure_id
        row.save(update_fields=["azure_id"])
    return row


def _sync_region(
    subscription: Subscription, client: Azure, region: str, troubles: list[str]
) -> None:
    read_at = timezone.now()
    try:
        listed = client.usages(region)
    except CloudError as error:
        troubles.append(f"{region}: {error.sentence}")
        return
    found = {
        ACCOUNTS if usage.name == ACCOUNT_METER else usage.name: usage
        for usage in listed
        if usage.name.startswith(PREFIX)
    }
    if found:
        _write_region(subscription, region, found, read_at)


@transaction.atomic
def _write_region(
    subscription: Subscription, region: str, found: MeterFacts, read_at: datetime
) -> None:
    """Write a region's pools: locked in the order of their ids like everywhere, then upserted.

    A meter that Azure no longer lists has a limit of 0 from now on. Of two syncs at once the later
    reading stays.
    """
    _one_at_a_time(subscription)
    pools = Pool.objects.filter(subscription=subscription, region=region, placement=None)
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


def _unit(meter: str) -> str:
    if meter == ACCOUNTS:
        return ACCOUNTS
    kind = catalog.deployment_types().get(sku_of(meter))
    return kind.unit if kind else "units"


def _versions() -> list[Version]:
    """List the model versions that can be had, as (format, model, version)."""
    today = timezone.now().date()
    return [
        (model.format, name, version.version)
        for name, model in catalog.models().items()
        for version in catalog.versions(name)
        if not version.retired(today) and catalog.availability(name, version.version)
    ]


def _sync_version(
    subscription: Subscription, client: Azure, version: Version, troubles: list[str]
) -> None:
    read_at = timezone.now()
    try:
        listed = client.model_capacities(*version)
    except CloudError as error:
        troubles.append(f"{version[1]}: {error.sentence}")
        return
    _write_version(subscription, version, listed, read_at)


@transaction.atomic
def _write_version(
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
