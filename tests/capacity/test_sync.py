"""Limits, use and real capacity come from Azure; what cannot be read keeps its old numbers."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.capacity import collectors, selectors, services, tasks
from apps.capacity.models import Finding, Hold, Placement, Pool, RealCapacity, Subscription
from apps.capacity.protocols import ACCOUNTS, Placing
from apps.cloud.client import azure as azure_client
from apps.kernel.errors import ConflictError
from tests.azure_sandbox.conftest import account_body, deployment_body
from tests.capacity.pools import METER, REGION, VERSION, Ask, claim
from tests.site import until

pytestmark = pytest.mark.django_db
OTHER = "francecentral"
MODEL = {"sku": "GlobalStandard", "model": "gpt-5.1", "version": VERSION}


@pytest.fixture
def azure(sandbox):
    sandbox.clear()
    yield sandbox
    sandbox.clear()


@pytest.fixture
def prod_only(azure, settings):
    settings.AZURE_SUBSCRIPTIONS = {**settings.AZURE_SUBSCRIPTIONS, "nonprod": ""}
    return azure


def free(region=REGION, meter=METER, tier="prod"):
    return selectors.free(tier=tier, region=region, meter=meter)


def test_pools_say_what_azure_says(azure):
    azure.set_limit("prod", REGION, METER, limit=4000, used=690)
    azure.set_capacity(REGION, "GlobalStandard", "gpt-5.1", 1200)
    call_command("sync_capacity", stdout=(out := StringIO()))
    assert out.getvalue() == "ai-platform-prod: as of now\nai-platform-nonprod: as of now\n"
    one = free()
    assert (one.limit, one.azure_used, one.foreign, one.free) == (4000, 690, 690, 3310)
    assert one.unit == "K TPM"
    assert free(tier="nonprod").azure_used == 0
    assert free(meter=ACCOUNTS).limit == 30
    assert free(meter="OpenAI.GlobalProvisionedManaged").unit == "PTU"
    assert selectors.real_capacity(tier="prod", region=REGION, **MODEL) == 1200
    assert selectors.last_synced_at() is not None


GPUS = "GPU.standardNCADSH100v5Family"


def test_vcpus_of_gpu_families_are_pools_like_any_other(prod_only):
    prod_only.set_limit("prod", REGION, "standardNCADSH100v5Family", limit=80, used=40)
    services.sync_all()
    one = free(meter=GPUS)
    assert (one.limit, one.foreign, one.free, one.unit) == (80, 40, 40, "vCPU")
    assert one.label == "NCADSH100v5 GPU vCPU"
    assert free(OTHER, GPUS).limit == 80
    assert free("uksouth", GPUS).limit == 0
    assert not Pool.objects.filter(meter__contains="DSv2Family").exists(), "no GPUs in it"
    assert free().limit, "the one listing leaves the other’s meters alone"
    found = Finding.objects.get(pool__meter=GPUS)
    assert (found.amount, found.pool.region) == (40, REGION)
    services.sync_all()
    assert free(meter=GPUS).limit == 80


def test_models_do_not_wait_for_gpus(prod_only):
    prod_only.fault("GET .*MachineLearningServices.*", code="AuthorizationFailed", times=99)
    (prod,) = services.sync_all()
    assert "may not do this in Azure" in prod.trouble
    assert prod.synced_at
    assert free().limit
    assert free(meter=GPUS) is None


def test_use_past_the_portal_is_found_by_the_sync(prod_only):
    prod_only.set_limit("prod", REGION, METER, used=50)
    services.sync_all()
    assert Finding.objects.get().amount == 50
    prod_only.set_limit("prod", REGION, METER, used=0)
    services.sync_all()
    assert Finding.objects.get().status == "gone"


def test_a_finding_names_what_carries_no_request_of_ours(prod_only):
    services.sync_all()
    services.hold(Ask("request:1", [], Placing("prod", REGION)))
    account = Placement.objects.get()
    client = azure_client("prod")
    client.ensure_resource_group(account.resource_group, region=REGION, tags={})

    def put(path, body):
        # Without the SDK's poller: its thread would write our calls on a connection of its own.
        make = client._resources.resources.begin_create_or_update_by_id
        make(path, body, api_version="2025-06-01", polling=False)
        ready = lambda: client.get(path)["properties"]["provisioningState"] == "Succeeded"  # noqa: E731
        until(ready, seconds=30, what=path)

    put(account.azure_id, account_body(account.name))
    for name, capacity, tags in (("test-joe", 20, {}), ("ours", 30, {"request": "REQ-1"})):
        path = f"{account.azure_id}/deployments/{name}"
        put(path, deployment_body(capacity) | {"tags": tags})
    Hold.objects.create(
        pool=Pool.objects.get(region=REGION, meter=METER, subscription__tier="prod"),
        subject="request:2",
        amount=30,
        status="built",
        why="x",
    )
    services.sync_all()
    found = Finding.objects.get(pool__meter=METER)
    assert found.amount == 20
    assert found.deployments == [{"name": "test-joe", "account": account.name, "amount": 20}]


def test_an_account_that_cannot_be_read_hides_no_finding(prod_only):
    services.sync_all()
    services.hold(Ask("request:1", [], Placing("prod", REGION)))
    prod_only.set_limit("prod", REGION, METER, used=50)
    (prod,) = services.sync_all()
    assert prod.trouble == ""
    found = Finding.objects.get(pool__meter=METER)
    assert (found.amount, found.deployments) == (50, [])


def test_a_second_sync_changes_numbers_and_no_promise(prod_only):
    services.sync_all()
    count = Pool.objects.count(), RealCapacity.objects.count()
    services.hold(Ask("request:1", [claim(500)], Placing("prod", REGION)))
    held = list(Hold.objects.values())
    before = free()
    prod_only.set_limit("prod", REGION, METER, limit=before.limit - 100, used=50)
    services.sync_all()
    after = free()
    assert (after.limit, after.azure_used, after.held) == (before.limit - 100, 50, 500)
    assert after.free == before.free - 150
    assert list(Hold.objects.values()) == held
    assert (Pool.objects.count() - 1, RealCapacity.objects.count()) == count, "one new account"


def test_what_cannot_be_read_keeps_its_number_and_its_time(prod_only):
    services.sync_all()
    old, since = free(OTHER), selectors.last_synced_at()
    prod_only.set_limit("prod", OTHER, METER, limit=7)
    prod_only.set_limit("prod", REGION, METER, limit=9)
    prod_only.fault(f"GET .*/locations/{OTHER}/usages", code="AuthorizationFailed", times=1)
    (prod,) = services.sync_all()
    assert prod.trouble.startswith(f"{OTHER}: The portal’s identity may not do this in Azure")
    assert free(OTHER) == old
    assert free(REGION).limit == 9
    assert selectors.last_synced_at() == since
    services.sync_all()
    assert not Subscription.objects.exclude(trouble="").exists()
    assert (free(OTHER).limit, selectors.last_synced_at() > since) == (7, True)


def test_a_sync_that_reads_nothing_gives_up_early(prod_only):
    services.sync_all()
    old = free()
    asked = len(prod_only.requests())
    prod_only.fault("GET .*", code="AuthorizationFailed", times=1000)
    with pytest.raises(CommandError, match="keeps its old numbers"):
        call_command("sync_capacity", stdout=StringIO())
    assert free() == old
    assert len(prod_only.requests()) - asked <= 3


def test_a_meter_that_azure_no_longer_lists_has_no_quota(prod_only):
    services.sync_all()
    prod = Subscription.objects.get(tier="prod")
    gone = Pool.objects.create(
        subscription=prod,
        region=REGION,
        meter="OpenAI.Standard.gone",
        limit=10,
        unit="K TPM",
        synced_at=timezone.now(),
    )
    collectors.sync_subscription(subscription=prod)
    gone.refresh_from_db()
    assert gone.limit == 0


def test_a_version_that_machines_no_longer_take_is_forgotten(prod_only):
    services.sync_all()
    prod = Subscription.objects.get(tier="prod")
    RealCapacity.objects.create(
        subscription=prod, region="nowhere", available=5, synced_at=timezone.now(), **MODEL
    )
    collectors.sync_subscription(subscription=prod)
    assert not RealCapacity.objects.filter(region="nowhere").exists()


def test_a_subscription_with_accounts_is_never_pointed_elsewhere(prod_only, settings):
    services.sync_all()
    settings.AZURE_SUBSCRIPTIONS = {"prod": "00000000-0000-0000-0000-000000000009", "nonprod": ""}
    azure_id = Subscription.objects.get(tier="prod").azure_id
    services.hold(Ask("request:1", [], Placing("prod", REGION)))
    with pytest.raises(ConflictError, match=f"The prod subscription is {azure_id}"):
        services.sync_all()


def test_without_subscriptions_there_is_nothing_to_sync(db, settings):
    settings.AZURE_SUBSCRIPTIONS = {"prod": "", "nonprod": ""}
    tasks.sync_all()
    with pytest.raises(CommandError, match="set AZURE_SUBSCRIPTION_ID"):
        call_command("sync_capacity")
