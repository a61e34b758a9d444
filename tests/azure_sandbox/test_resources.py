"""Subscriptions, resource groups and any resource by its id, with the SDK's clients."""

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.azure_sandbox.conftest import API, account_body, deployment_body


def test_groups_are_made_listed_and_deleted(azure):
    groups = azure.resources.resource_groups
    made = groups.create_or_update("rg-one", {"location": "Sweden Central", "tags": {"a": "b"}})
    assert (made.location, made.tags) == ("swedencentral", {"a": "b"})
    assert groups.check_existence("RG-ONE")
    assert "rg-one" in [g.name for g in groups.list()]
    with pytest.raises(HttpResponseError, match="InvalidResourceGroupLocation"):
        groups.create_or_update("rg-one", {"location": "westeurope"})
    groups.begin_delete("rg-one").result()
    assert not groups.check_existence("rg-one")
    with pytest.raises(ResourceNotFoundError, match="ResourceGroupNotFound"):
        groups.get("rg-one")


def test_subscriptions_and_providers(azure):
    listed = azure.send("GET", "/subscriptions?api-version=2022-12-01").json()["value"]
    assert {s["subscriptionId"] for s in listed} == set(
        azure.sandbox.endpoint["subscriptions"].values()
    )
    one = azure.send("GET", f"/subscriptions/{azure.subscription}?api-version=2022-12-01").json()
    assert one["state"] == "Enabled"
    provider = azure.resources.providers.get("Microsoft.CognitiveServices")
    assert provider.registration_state == "Registered"
    other = azure.send("GET", "/subscriptions/11111111-1111-1111-1111-111111111111/resourcegroups")
    assert other.json()["error"]["code"] == "SubscriptionNotFound"


def test_an_account_comes_with_what_azure_adds(azure):
    group = azure.group()
    made = azure.account(group, "oai-one")
    assert made.properties["endpoint"] == "https://oai-one.cognitiveservices.azure.com/"
    assert made.properties["provisioningState"] == "Succeeded"
    assert made.identity.principal_id
    listed = list(azure.resources.resources.list_by_resource_group(group))
    assert [r.name for r in listed] == ["oai-one"]
    only = azure.resources.resources.list(
        filter="resourceType eq 'Microsoft.CognitiveServices/accounts'"
    )
    assert "oai-one" in [r.name for r in only]


def test_an_account_takes_its_time_and_nobody_else_may_write_meanwhile(azure):
    group = azure.group()
    azure.sandbox.settings(operation_seconds=5)
    answer = azure.send("PUT", azure.id(group, "oai-slow"), account_body("oai-slow"))
    assert answer.status_code == 201
    assert answer.json()["properties"]["provisioningState"] == "Creating"
    poll = answer.headers["Azure-AsyncOperation"].removeprefix(azure.sandbox.url)
    assert azure.send("GET", poll).json()["status"] == "Running"
    second = azure.send("PUT", azure.id(group, "oai-slow", "gpt"), deployment_body())
    assert (second.status_code, second.json()["error"]["code"]) == (409, "RequestConflict")
    assert "parent resource" in second.json()["error"]["message"]


def test_a_model_deployment_has_rate_limits_from_the_facts(azure):
    group = azure.group()
    azure.account(group, "oai-two")
    made = azure.deploy(group, "oai-two", "gpt", "20")  # the az CLI sends capacity as text
    assert made.sku.capacity == 20
    limits = {r["key"]: r for r in made.properties["rateLimits"]}
    assert (limits["request"]["count"], limits["token"]["count"]) == (200, 20_000)
    children = azure.send("GET", azure.id(group, "oai-two") + "/deployments").json()["value"]
    assert [c["name"] for c in children] == ["gpt"]
    changed = azure.send(
        "PATCH",
        azure.id(group, "oai-two", "gpt"),
        {"sku": {"name": "GlobalStandard", "capacity": 30}},
    )
    assert changed.status_code == 202
    assert azure.send("GET", azure.id(group, "oai-two", "gpt")).json()["sku"]["capacity"] == 30


def test_paths_are_compared_without_case(azure):
    group = azure.group()
    azure.account(group, "oai-case")
    path = azure.id(group, "oai-case").replace("resourceGroups", "RESOURCEGROUPS").upper()
    assert azure.send("GET", path.replace("/SUBSCRIPTIONS", "/subscriptions")).status_code == 200


def test_any_type_of_a_known_provider_is_kept(azure):
    group = azure.group()
    base = f"/subscriptions/{azure.subscription}/resourceGroups/{group}/providers/"
    path = f"{base}Microsoft.OperationalInsights/workspaces/logs?api-version=2023-09-01"
    body = {"location": "swedencentral", "properties": {"retentionInDays": 30}}
    assert azure.send("PUT", path, body).status_code == 201
    azure.answers.seen.clear()  # no saved response schema for this provider
    assert azure.send("GET", path).json()["properties"]["retentionInDays"] == 30
    assert azure.send("DELETE", path).status_code == 200
    assert azure.send("DELETE", path).status_code == 204
    azure.answers.seen.clear()


def test_what_is_not_there_or_cannot_be(azure):
    group = azure.group()
    missing = azure.send("GET", azure.id(group, "nobody"))
    assert missing.json()["error"]["code"] == "ResourceNotFound"
    assert (
        azure.send("GET", azure.id("no-group", "x")).json()["error"]["code"]
        == "ResourceGroupNotFound"
    )
    orphan = azure.send("PUT", azure.id(group, "nobody", "gpt"), deployment_body())
    assert orphan.json()["error"]["code"] == "ParentResourceNotFound"


def test_an_etag_guards_a_change(azure):
    group = azure.group()
    azure.account(group, "oai-etag")
    azure.deploy(group, "oai-etag", "gpt")
    answer = azure.send("GET", azure.id(group, "oai-etag", "gpt"))
    etag = answer.headers["ETag"]
    assert etag == answer.json()["etag"]
    late = azure.send("DELETE", azure.id(group, "oai-etag", "gpt"), **{"If-Match": '"old"'})
    assert (late.status_code, late.json()["error"]["code"]) == (412, "PreconditionFailed")
    assert (
        azure.send("DELETE", azure.id(group, "oai-etag", "gpt"), **{"If-Match": etag}).status_code
        == 202
    )


def test_keys(azure):
    group = azure.group()
    azure.account(group, "oai-keys")
    path = azure.id(group, "oai-keys")
    before = azure.send("POST", f"{path}/listKeys").json()
    after = azure.send("POST", f"{path}/regenerateKey", {"keyName": "Key1"}).json()
    assert after["key1"] != before["key1"]
    assert after["key2"] == before["key2"]
    azure.account(group, "oai-nokeys", disableLocalAuth=True)
    refused = azure.send("POST", azure.id(group, "oai-nokeys") + "/listKeys")
    assert "disableLocalAuth" in refused.json()["error"]["message"]


def test_what_the_sandbox_does_not_know_is_501_and_noted(azure):
    path = f"/subscriptions/{azure.subscription}/providers/Microsoft.Quantum/workspaces"
    answer = azure.send("GET", path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "SandboxNotImplemented")
    action = azure.send(
        "POST", f"/subscriptions/{azure.subscription}/resourceGroups/x/moveResources"
    )
    assert action.status_code == 501
    assert f"GET {path}?api-version={API}" in azure.sandbox.state()["not_implemented"]
    azure.sandbox.clear()
    azure.answers.seen.clear()
