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
    client = azure(subscription.azure_id, subject=f"sync:{subscription.tier}")
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
        subscription.synced_at = timezone.now()
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
        _write_region(subscription, region, found, timezone.now())


@transaction.atomic
def _write_region(
    subscription: Subscription, region: str, found: MeterFacts, now: datetime
) -> None:
    """Write a region's pools: locked in the order of their ids like everywhere, then upserted.

    A meter that Azure no longer lists has a limit of 0 from now on.
    """
    pools = Pool.objects.filter(subscription=subscription, region=region, placement=None)
    list(pools.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    pools.exclude(meter__in=found).update(limit=0, azure_used=0, synced_at=now)
    Pool.objects.bulk_create(
        [
            Pool(
                subscription=subscription,
                region=region,
                meter=meter,
                limit=usage.limit,
                azure_used=usage.used,
                unit=_unit(meter),
                synced_at=now,
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
    try:
        listed = client.model_capacities(*version)
    except CloudError as error:
        troubles.append(f"{version[1]}: {error.sentence}")
        return
    _write_version(subscription, version, listed, timezone.now())


@transaction.atomic
def _write_version(
    subscription: Subscription, version: Version, listed: list[ModelCapacity], now: datetime
) -> None:
    """Write what machines can take of a version; a place that is not listed any more is dropped."""
    _, model, name = version
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
                synced_at=now,
            )
            for (region, sku), one in sorted(found.items())
        ],
        update_conflicts=True,
        unique_fields=["subscription", "region", "sku", "model", "version"],
        update_fields=["available", "synced_at"],
    )
    RealCapacity.objects.filter(
        subscription=subscription, model=model, version=name, synced_at__lt=now
    ).delete()
