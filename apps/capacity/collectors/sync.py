"""Read from Azure what our subscriptions may use, what they use, and what machines can take."""

from django.conf import settings
from django.utils import timezone

from apps.capacity.collectors.foreign import name_foreign
from apps.capacity.collectors.write import GPUS, Version, write_region, write_version
from apps.capacity.models import Subscription
from apps.capacity.protocols import ACCOUNTS, GPU
from apps.capacity.selectors import sku_of
from apps.catalog import selectors as catalog
from apps.cloud.client import Azure, azure
from apps.cloud.errors import CloudError
from apps.kernel.errors import ConflictError

ACCOUNT_METER = "OpenAI.S0.AccountCount"
PREFIX = "OpenAI."
GPU_FAMILY = "standardn"  # Azure's N-series has the GPUs; the case of its names varies
GIVE_UP_AFTER = 3


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
        if not troubles:
            subscription.synced_at = began
        for region in catalog.regions():
            if len(troubles) < GIVE_UP_AFTER:
                _sync_gpus(subscription, client, region, troubles)
    subscription.trouble = " ".join(dict.fromkeys(troubles))
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
        if usage.name.startswith(PREFIX) or _is_of_a_model(usage.name)
    }
    if found:
        write_region(subscription, region, found, read_at)
        name_foreign(subscription, client, region)


def _is_of_a_model(meter: str) -> bool:
    """Say whether a meter counts a deployment type: `AIServices.GlobalStandard.DeepSeek-R1`."""
    return meter.count(".") > 1 and sku_of(meter) in catalog.deployment_types()


def _sync_gpus(subscription: Subscription, client: Azure, region: str, troubles: list[str]) -> None:
    """Read the vCPUs of GPU families; models do not wait for them."""
    read_at = timezone.now()
    try:
        listed = client.cluster_usages(region)
    except CloudError as error:
        troubles.append(f"{region}: {error.sentence}")
        return
    found = {
        f"{GPU}{usage.name}": usage for usage in listed if usage.name.lower().startswith(GPU_FAMILY)
    }
    if found:
        write_region(subscription, region, found, read_at, meters=GPUS)


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
    write_version(subscription, version, listed, read_at)
