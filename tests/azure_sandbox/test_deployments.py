"""Deployments with the SDK's client: validate, create, operations, failure, two scopes."""

import json
import time

import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest

from tests.azure_sandbox.conftest import ACCOUNTS, deployment_body, properties, template


def test_a_template_becomes_resources_in_order(azure):
    group = azure.group()
    client = azure.deployments.deployments
    valid = client.begin_validate(group, "d", {"properties": properties("dep-one")}).result()
    assert valid.properties.provisioning_state == "Succeeded"
    poller = client.begin_create_or_update(group, "d", {"properties": properties("dep-one")})
    done = poller.result().properties
    assert done.provisioning_state == "Succeeded"
    assert done.outputs["endpoint"]["value"] == "https://dep-one.cognitiveservices.azure.com/"
    assert [r.id for r in done.output_resources] == [
        azure.id(group, "dep-one"),
        azure.id(group, "dep-one", "gpt"),
    ]
    assert done.dependencies[0].depends_on[0].id == azure.id(group, "dep-one")
    assert [d.name for d in client.list_by_resource_group(group)] == ["d"]
    assert client.check_existence(group, "d")


def test_operations_show_each_resource_as_it_comes(azure):
    group = azure.group()
    azure.sandbox.settings(operation_seconds=0.4)
    client = azure.deployments
    poller = client.deployments.begin_create_or_update(
        group, "d", {"properties": properties("dep-two")}, polling=False
    )
    assert poller.result().properties.provisioning_state == "Accepted"

    def states():
        found = client.deployment_operations.list(group, "d")
        return [
            (
                o.properties.target_resource.resource_type if o.properties.target_resource else "",
                o.properties.provisioning_state,
                o.properties.status_code,
            )
            for o in found
        ]

    assert states() == [(ACCOUNTS, "Running", "Accepted")]
    time.sleep(0.45)
    assert states() == [
        (ACCOUNTS, "Succeeded", "Created"),
        (f"{ACCOUNTS}/deployments", "Running", "Accepted"),
    ]
    time.sleep(0.45)
    assert states()[-1] == ("", "Succeeded", "OK")
    assert client.deployments.get(group, "d").properties.provisioning_state == "Succeeded"
    one = next(iter(client.deployment_operations.list(group, "d")))
    assert client.deployment_operations.get(group, "d", one.operation_id).id == one.id


def test_another_worker_polls_on_by_continuation_token(azure):
    group = azure.group()
    client = azure.deployments.deployments
    body = {"properties": properties("dep-token")}
    token = client.begin_create_or_update(group, "d", body).continuation_token()
    puts = sum(r["method"] == "PUT" for r in azure.sandbox.requests())
    done = client.begin_create_or_update(group, "d", body, continuation_token=token).result()
    assert done.properties.provisioning_state == "Succeeded"
    assert sum(r["method"] == "PUT" for r in azure.sandbox.requests()) == puts


def test_preflight_refuses_what_the_providers_would_refuse(azure):
    group = azure.group()
    client = azure.deployments.deployments
    for begin in (client.begin_validate, client.begin_create_or_update):
        with pytest.raises(HttpResponseError) as refused:
            begin(group, "d", {"properties": properties("dep-big", 5000)}).result()
        assert refused.value.status_code == 400
        assert refused.value.error.code == "InvalidTemplateDeployment"
        inner = refused.value.error.details[0]
        assert inner.code == "InsufficientQuota"
        assert inner.message.startswith(
            "This operation require 5000 new capacity in quota Tokens Per Minute (thousands) - "
            "gpt-5.1 - GlobalStandard, which is bigger than the current available capacity "
        )
    assert not list(client.list_by_resource_group(group))


def test_a_deployment_needs_its_account(azure):
    group = azure.group()
    given = properties("dep-orphan")
    del given["template"]["resources"][0]
    given["template"]["resources"][0]["dependsOn"] = []
    with pytest.raises(HttpResponseError) as refused:
        azure.deployments.deployments.begin_validate(group, "d", {"properties": given}).result()
    assert [d.code for d in refused.value.error.details] == ["ParentResourceNotFound"]


def test_two_resources_of_one_template_count_together(azure):
    group = azure.group()
    given = properties("dep-sum", 600)
    second = {**given["template"]["resources"][1], "name": "dep-sum/second"}
    given["template"]["resources"].append(second)
    with pytest.raises(HttpResponseError) as refused:
        azure.deployments.deployments.begin_validate(group, "d", {"properties": given}).result()
    assert [d.code for d in refused.value.error.details] == ["InsufficientQuota"]


def test_siblings_without_depends_on_conflict_on_their_parent(azure):
    group = azure.group()
    given = properties("dep-race", 1)
    twin = {**given["template"]["resources"][1], "name": "dep-race/twin"}
    given["template"]["resources"].append(twin)
    with pytest.raises(HttpResponseError) as failed:
        azure.deployments.deployments.begin_create_or_update(
            group, "d", {"properties": given}
        ).result()
    assert failed.value.status_code == 200
    assert failed.value.error.code == "DeploymentFailed"
    assert [d.code for d in failed.value.error.details] == ["RequestConflict"]
    found = azure.deployments.deployment_operations.list(group, "d")
    assert {o.properties.status_code for o in found} == {"Created", "Conflict"}
    chained = {
        **twin,
        "dependsOn": [
            "[resourceId('Microsoft.CognitiveServices/accounts/deployments', 'dep-race', 'gpt')]"
        ],
    }
    given["template"]["resources"][2] = chained
    again = azure.deployments.deployments.begin_create_or_update(group, "d", {"properties": given})
    assert again.result().properties.provisioning_state == "Succeeded"


def test_an_operation_may_fail_after_it_was_accepted(azure):
    group = azure.group()
    azure.sandbox.fault(
        "PUT .*/accounts/dep-fail/deployments/gpt$", code="InsufficientQuota", when="operation"
    )
    client = azure.deployments.deployments
    with pytest.raises(HttpResponseError) as failed:
        client.begin_create_or_update(group, "d", {"properties": properties("dep-fail")}).result()
    assert failed.value.error.details[0].code == "InsufficientQuota"
    read = client.get(group, "d").properties
    assert (read.provisioning_state, read.error.code) == ("Failed", "DeploymentFailed")
    assert azure.send("GET", azure.id(group, "dep-fail", "gpt")).status_code == 404
    assert azure.send("GET", azure.id(group, "dep-fail")).status_code == 200


def test_what_depends_on_a_failure_is_not_begun(azure):
    group = azure.group()
    azure.sandbox.fault("PUT .*/accounts/dep-skip$", code="InternalServerError", when="operation")
    with pytest.raises(HttpResponseError):
        azure.deployments.deployments.begin_create_or_update(
            group, "d", {"properties": properties("dep-skip")}
        ).result()
    found = list(azure.deployments.deployment_operations.list(group, "d"))
    assert [o.properties.target_resource.resource_name for o in found] == ["dep-skip"]


def test_a_subscription_s_template_makes_groups(azure):
    given = {
        "mode": "Incremental",
        "template": {
            "$schema": "https://schema.management.azure.com/schemas/2018-05-01/"
            "subscriptionDeploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "resources": [
                {
                    "type": "Microsoft.Resources/resourceGroups",
                    "apiVersion": "2025-04-01",
                    "name": "rg-from-template",
                    "location": "[deployment().name]",
                }
            ],
        },
    }
    client = azure.deployments.deployments
    with pytest.raises(HttpResponseError, match="LocationRequired"):
        client.begin_validate_at_subscription_scope("swedencentral", {"properties": given})
    body = {"location": "swedencentral", "properties": given}
    preview = client.begin_what_if_at_subscription_scope("swedencentral", body).result()
    assert [c.change_type for c in preview.changes] == ["Create"]
    client.begin_create_or_update_at_subscription_scope("swedencentral", body).result()
    assert azure.resources.resource_groups.get("rg-from-template").location == "swedencentral"
    operations = list(
        azure.deployments.deployment_operations.list_at_subscription_scope("swedencentral")
    )
    assert operations[0].properties.target_resource.resource_name == "rg-from-template"


def test_the_az_cli_s_spliced_body_is_read(azure):
    group = azure.group()
    scope = f"/subscriptions/{azure.subscription}/resourcegroups/{group}"
    spliced = f"""{{"properties": {{"mode": "Incremental",
        "parameters": {{"account": {{"value": "dep-cli"}}}},
        template: {json.dumps(template(5))} // the template, as it is
    }}}}"""
    request = HttpRequest(
        "POST",
        f"{scope}/providers/Microsoft.Resources/deployments/d/validate?api-version=2025-04-01",
        content=spliced.encode(),
        headers={"Content-Type": "application/json"},
    )
    assert azure.resources.send_request(request).status_code == 200


def test_a_running_deployment_cannot_be_replaced(azure):
    group = azure.group()
    azure.sandbox.settings(operation_seconds=3)
    client = azure.deployments.deployments
    body = {"properties": properties("dep-active")}
    client.begin_create_or_update(group, "d", body, polling=False)
    with pytest.raises(HttpResponseError, match="DeploymentActive"):
        client.begin_create_or_update(group, "d", body)


def test_quota_gone_between_validate_and_run_fails_the_run(azure):
    group = azure.group()
    azure.account(group, "dep-late")
    azure.sandbox.settings(operation_seconds=0.3)
    given = properties("dep-late", 300)
    poller = azure.deployments.deployments.begin_create_or_update(group, "d", {"properties": given})
    azure.sandbox.set_limit("prod", "swedencentral", "OpenAI.GlobalStandard.gpt-5.1", limit=100)
    with pytest.raises(HttpResponseError) as failed:
        poller.result()
    assert failed.value.error.details[0].code == "InsufficientQuota"
    assert (
        azure.send("PUT", azure.id(group, "dep-late", "x"), deployment_body(200)).json()["error"][
            "code"
        ]
        == "InsufficientQuota"
    )
