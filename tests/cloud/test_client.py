"""The real SDK against the sandbox: reading, starting, looking, and what is written down of it."""

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from azure.keyvault.secrets import SecretClient
from django.conf import settings as configured
from django.db import connection
from django.utils import timezone

from apps.cloud import tasks
from apps.cloud.client import Done, Running, azure, session
from apps.cloud.client.session import credential
from apps.cloud.errors import NeedsPersonError, TransientError
from apps.cloud.models import AzureCall
from apps.kernel import secrets
from tests.cloud.conftest import to_the_end


def test_usages_and_capacities(here):
    here.sandbox.set_limit("prod", "swedencentral", "OpenAI.GlobalStandard.gpt-5.1", used=40)
    meters = {one.name: one for one in here.azure.usages("swedencentral")}
    assert meters["OpenAI.GlobalStandard.gpt-5.1"].used == 40
    assert meters["OpenAI.GlobalStandard.gpt-5.1"].limit >= 500
    here.sandbox.set_capacity("swedencentral", "GlobalStandard", "gpt-5.1", 12)
    rooms = {
        (one.region, one.sku): one.available
        for one in here.azure.model_capacities("OpenAI", "gpt-5.1", "2025-11-13")
    }
    assert rooms["swedencentral", "GlobalStandard"] == 12
    offered = here.azure.models("swedencentral")
    assert "gpt-5.1" in {one["model"]["name"] for one in offered}


def test_what_is_not_there_is_none(here):
    path = f"/subscriptions/{here.azure.subscription_id}/resourceGroups/{here.group}"
    assert here.azure.get(f"{path}/providers/Microsoft.CognitiveServices/accounts/none") is None
    assert here.azure.stack(here.group, "none") is None


def test_a_group_that_is_there_stays_as_it_is(here):
    here.azure.ensure_resource_group(here.group, region="westeurope", tags={"owner": "others"})
    path = f"/subscriptions/{here.azure.subscription_id}/resourceGroups/{here.group}"
    group = here.azure.get(path, api_version="2025-04-01")
    assert (group["location"], group["tags"]) == ("swedencentral", {"owner": "tests"})


def test_another_worker_looks_on_with_the_token(here):
    begun = here.azure.begin_stack(here.group, "req-1", *here.template, tags={"request": "REQ-1"})
    assert isinstance(begun, Running)
    other = azure("prod", subject="job:8")
    result = to_the_end(other, begun)
    assert result["properties"]["provisioningState"] == "succeeded"
    assert result["tags"] == {"request": "REQ-1"}
    assert result["properties"]["actionOnUnmanage"]["resources"] == "detach"
    deployment = result["properties"]["deploymentId"].rsplit("/", 1)[1]
    (operation,) = other.operations(here.group, deployment)
    assert (operation.name, operation.state) == (here.account, "Succeeded")
    assert operation.resource_type == "Microsoft.CognitiveServices/accounts"
    puts = [r for r in here.sandbox.requests() if r["method"] == "PUT" and "/req-1" in r["url"]]
    assert len([r for r in puts if here.group in r["url"]]) == 1


def test_what_if_changes_nothing(here):
    result = to_the_end(here.azure, here.azure.begin_what_if(here.group, "look", *here.template))
    (change,) = result["properties"]["changes"]
    assert change["changeType"] == "Create"
    path = f"/subscriptions/{here.azure.subscription_id}/resourceGroups/{here.group}"
    account = f"{path}/providers/Microsoft.CognitiveServices/accounts/{here.account}"
    assert here.azure.get(account) is None


def test_validate_says_yes(here):
    outcome = here.azure.begin_validate(here.group, "check", *here.template)
    assert isinstance(outcome, Running | Done)
    assert to_the_end(here.azure, outcome)["properties"]["provisioningState"] == "Succeeded"


def test_every_exchange_is_written_down_and_nothing_secret_with_it(here):
    AzureCall.objects.all().delete()
    outcome = here.azure.begin_stack(here.group, "req-1", *here.template, tags={})
    to_the_end(here.azure, outcome)
    calls = list(AzureCall.objects.order_by("id"))
    assert [calls[0].method, calls[0].status, calls[0].subject] == ["PUT", 201, "job:7"]
    assert all(c.client_request_id and c.request_id for c in calls)
    assert all(c.correlation_request_id for c in calls)
    assert calls[-1].client_request_id == calls[0].client_request_id  # one operation, one id
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(c::text, '|') FROM cloud_azurecall c")
        everything = cursor.fetchone()[0]
    secret = secrets.resolve(configured.AZURE_CLIENT_SECRET)
    for hidden in (secret, "Bearer", "?", "customSubDomainName"):
        assert hidden not in everything


def test_retries_are_written_down_one_by_one(here):
    AzureCall.objects.all().delete()
    here.sandbox.fault("GET .*/usages", code="ServiceUnavailable", times=1)
    assert here.azure.usages("swedencentral")
    assert [c.status for c in AzureCall.objects.order_by("id")] == [503, 200]


def test_an_answer_that_is_lost_is_a_transient_error(here):
    here.sandbox.fault("PUT .*/deploymentStacks/", when="lost", times=9)
    with pytest.raises(TransientError) as refused:
        here.azure.begin_stack(here.group, "req-1", *here.template, tags={})
    assert refused.value.code == "NoAnswer"
    assert None in {c.status for c in AzureCall.objects.all()}
    assert here.azure.stack(here.group, "req-1") is not None  # Azure took it all the same


def test_nothing_is_sent_to_a_server_that_nobody_vouches_for(here, settings, tmp_path):
    import certifi

    before = len(here.sandbox.requests())
    settings.AZURE_CA_BUNDLE = certifi.where()
    with pytest.raises(NeedsPersonError) as refused:
        azure("prod").usages("swedencentral")
    assert refused.value.code == "CertificateNotTrusted"
    assert "AZURE_CA_BUNDLE" in refused.value.sentence
    assert len(here.sandbox.requests()) == before


def test_a_wrong_client_secret_is_told_and_not_shown(here, settings, monkeypatch):
    monkeypatch.setenv("WRONG_SECRET", "not-the-secret")
    settings.AZURE_CLIENT_SECRET = "env:WRONG_SECRET"  # noqa: S105
    with pytest.raises(NeedsPersonError) as refused:
        azure("prod").usages("swedencentral")
    assert refused.value.code == "SignInFailed"
    assert "not-the-secret" not in refused.value.sentence + refused.value.raw


def test_a_missing_secret_is_told(here, settings):
    settings.AZURE_CLIENT_SECRET = "env:NO_SUCH_VARIABLE"  # noqa: S105
    with pytest.raises(NeedsPersonError, match="NO_SUCH_VARIABLE is not set"):
        azure("prod").usages("swedencentral")


def test_a_subscription_that_is_not_set_is_told(settings):
    settings.AZURE_SUBSCRIPTIONS = {"prod": "", "nonprod": ""}
    with pytest.raises(NeedsPersonError, match="AZURE_SUBSCRIPTION_ID"):
        azure("prod")


def test_a_key_vault_reference_is_read_at_use(here, settings):
    with SecretClient(
        settings.AZURE_RESOURCE_MANAGER,
        credential(),
        verify_challenge_resource=False,
        connection_verify=settings.AZURE_CA_BUNDLE,
    ) as vault:
        vault.set_secret("db-password", "one")
    address = f"keyvault:{settings.AZURE_RESOURCE_MANAGER}/secrets"
    assert secrets.resolve(f"{address}/db-password") == "one"
    with pytest.raises(secrets.SecretError, match="cannot be read"):
        secrets.resolve(f"{address}/nothing")
    with pytest.raises(secrets.SecretError, match="no Key Vault secret"):
        secrets.resolve("keyvault:https://example.test/nothing")


def test_what_signs_in_to_key_vault_is_not_kept_in_it(here, settings):
    settings.AZURE_CLIENT_SECRET = f"keyvault:{settings.AZURE_RESOURCE_MANAGER}/secrets/x"
    with pytest.raises(NeedsPersonError, match="this one secret cannot be kept there"):
        azure("prod").usages("swedencentral")


def test_a_vault_that_never_answers_is_given_up(here, monkeypatch):
    monkeypatch.setitem(session.PATIENCE, "connection_timeout", 0.2)
    monkeypatch.setitem(session.PATIENCE, "read_timeout", 0.2)
    monkeypatch.setattr("apps.cloud.secrets.RETRIES", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"keyvault:https://127.0.0.1:{silent.getsockname()[1]}/secrets/x"
        asking = ThreadPoolExecutor(1).submit(secrets.resolve, address)
        with pytest.raises(secrets.SecretError, match="did not answer"):
            asking.result(timeout=10)


def test_calls_are_forgotten_after_thirty_days(db):
    now = timezone.now()
    for days in (0, 29, 31, 400):
        AzureCall.objects.create(
            method="GET", path=f"/{days}", took_ms=1, at=now - timedelta(days=days)
        )
    tasks.forget_calls()
    assert set(AzureCall.objects.values_list("path", flat=True)) == {"/0", "/29"}
