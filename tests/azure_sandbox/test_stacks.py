"""Deployment stacks with the SDK's client, and their what-if results."""

import datetime
import time

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.resource.deploymentstacks.models import (
    DeploymentStack,
    DeploymentStacksWhatIfResult,
)

from tests.azure_sandbox.conftest import stack_properties
from tests.azure_sandbox.specs import check_model


def put(azure, group, name, given, **more):
    return azure.stacks.deployment_stacks.begin_create_or_update_at_resource_group(
        group, name, {"properties": given}, **more
    )


def drop(azure, group, name, **more):
    azure.stacks.deployment_stacks.begin_delete_at_resource_group(group, name, **more).result()


def what_if(azure, group, stack, given):
    identity = azure.id(group, "x").split("/providers/")[0]
    identity += f"/providers/Microsoft.Resources/deploymentStacks/{stack}"
    given = {**given, "deploymentStackResourceId": identity, "retentionInterval": "PT2H"}
    results = azure.stacks.deployment_stacks_what_if_results_at_resource_group
    results.begin_create_or_update(group, f"w-{stack}", {"properties": given}).result()
    return results.get(group, f"w-{stack}")


def test_a_stack_builds_and_tells_what_it_manages(azure):
    group = azure.group()
    client = azure.stacks.deployment_stacks
    given = stack_properties("st-one", 40)
    valid = client.begin_validate_stack_at_resource_group(
        group, "s", {"properties": given}
    ).result()
    assert len(valid.properties.validated_resources) == 2
    poller = put(azure, group, "s", given)
    assert client.get_at_resource_group(group, "s").properties.provisioning_state == "deploying"
    done = poller.result().properties
    assert done.provisioning_state == "succeeded"
    assert [r.id for r in done.resources] == [
        azure.id(group, "st-one"),
        azure.id(group, "st-one", "gpt"),
    ]
    assert done.outputs["deployment"]["value"] == "gpt"
    assert done.duration.startswith("PT")
    name = done.deployment_id.rsplit("/", 1)[1]
    found = list(azure.deployments.deployment_operations.list(group, name))
    assert [o.properties.provisioning_state for o in found] == ["Succeeded"] * 3
    assert [s.name for s in client.list_at_resource_group(group)] == ["s"]
    assert "resources" in client.export_template_at_resource_group(group, "s").template
    raw = azure.answers.seen[-2][3]["value"][0]
    assert check_model(DeploymentStack, raw) == []


def test_another_worker_polls_on(azure):
    group = azure.group()
    token = put(azure, group, "s", stack_properties("st-token")).continuation_token()
    done = put(azure, group, "s", stack_properties("st-token"), continuation_token=token).result()
    assert done.properties.provisioning_state == "succeeded"


def test_quota_is_refused_at_preflight(azure):
    group = azure.group()
    with pytest.raises(HttpResponseError) as refused:
        put(azure, group, "s", stack_properties("st-big", 5000))
    assert refused.value.error.code == "InvalidTemplateDeployment"
    assert refused.value.error.details[0].code == "InsufficientQuota"
    with pytest.raises(HttpResponseError) as refused:
        azure.stacks.deployment_stacks.begin_validate_stack_at_resource_group(
            group, "s", {"properties": stack_properties("st-big", 5000)}
        ).result()
    assert refused.value.status_code == 400


def test_a_failure_is_nested_and_the_stack_can_be_put_again(azure):
    group = azure.group()
    azure.sandbox.fault("PUT .*/st-fail/deployments/", code="RequestConflict", when="operation")
    with pytest.raises(HttpResponseError) as failed:
        put(azure, group, "s", stack_properties("st-fail")).result()
    assert failed.value.error.code == "DeploymentStackDeploymentFailed"
    inner = failed.value.error.details[0]
    assert (inner.code, inner.details[0].code) == ("DeploymentFailed", "RequestConflict")
    stack = azure.stacks.deployment_stacks.get_at_resource_group(group, "s").properties
    assert stack.provisioning_state == "failed"
    assert [r.error.code for r in stack.failed_resources] == ["RequestConflict"]
    done = put(azure, group, "s", stack_properties("st-fail")).result().properties
    assert (done.provisioning_state, done.failed_resources, done.error) == ("succeeded", [], None)


def test_a_stack_at_work_is_left_alone(azure):
    group = azure.group()
    azure.sandbox.settings(operation_seconds=3)
    put(azure, group, "s", stack_properties("st-busy"), polling=False)
    with pytest.raises(HttpResponseError, match="DeploymentStackInNonTerminalState"):
        put(azure, group, "s", stack_properties("st-busy"))


def test_deleting_detaches_or_deletes(azure):
    group = azure.group()
    put(azure, group, "s", stack_properties("st-del")).result()
    drop(azure, group, "s")
    assert azure.send("GET", azure.id(group, "st-del", "gpt")).status_code == 200
    put(azure, group, "s", stack_properties("st-del")).result()
    drop(azure, group, "s", unmanage_action_resources="delete")
    assert azure.send("GET", azure.id(group, "st-del")).status_code == 404
    with pytest.raises(ResourceNotFoundError, match="DeploymentStackNotFound"):
        azure.stacks.deployment_stacks.get_at_resource_group(group, "s")
    drop(azure, group, "s")  # 204: there is none


@pytest.mark.parametrize("action", ["detach", "delete"])
def test_what_a_change_no_longer_manages(azure, action):
    group = azure.group()
    name = f"st-un-{action}"
    put(azure, group, "s", stack_properties(name)).result()
    less = stack_properties(name, action=action)
    gone = less["template"]["resources"].pop()
    assert gone["type"].endswith("deployments")
    done = put(azure, group, "s", less).result().properties
    listed = done.deleted_resources if action == "delete" else done.detached_resources
    assert [r.id for r in listed] == [azure.id(group, name, "gpt")]
    assert len(done.resources) == 1
    status = azure.send("GET", azure.id(group, name, "gpt")).status_code
    assert status == (404 if action == "delete" else 200)


def test_a_lock_stops_the_deletion(azure):
    group = azure.group()
    put(azure, group, "s", stack_properties("st-lock")).result()
    lock = azure.id(group, "st-lock") + "/providers/Microsoft.Authorization/locks/keep"
    body = {"properties": {"level": "CanNotDelete"}}
    assert azure.send("PUT", f"{lock}?api-version=2020-05-01", body).status_code == 201
    with pytest.raises(HttpResponseError) as failed:
        drop(azure, group, "s", unmanage_action_resources="delete")
    assert failed.value.error.code == "DeploymentStackDeleteResourcesFailed"
    assert failed.value.error.details[0].code == "ScopeLocked"
    azure.send("DELETE", f"{lock}?api-version=2020-05-01")
    drop(azure, group, "s", unmanage_action_resources="delete")


def test_deny_settings_keep_others_out(azure):
    group = azure.group()
    given = stack_properties("st-deny") | {"denySettings": {"mode": "denyDelete"}}
    done = put(azure, group, "s", given).result().properties
    assert {r.deny_status for r in done.resources} == {"denyDelete"}
    answer = azure.send("DELETE", azure.id(group, "st-deny", "gpt"))
    assert answer.json()["error"]["code"] == "DenyAssignmentAuthorizationFailed"
    drop(azure, group, "s", unmanage_action_resources="delete")


def test_a_what_if_result_shows_a_change_and_a_deletion(azure):
    group = azure.group()
    put(azure, group, "s", stack_properties("st-wi", 20)).result()
    changes = what_if(azure, group, "s", stack_properties("st-wi", 30)).properties.changes
    by_name = {c.id.rsplit("/", 1)[1]: c for c in changes.resource_changes}
    assert by_name["gpt"].change_type == "modify"
    deltas = {d.path: d for d in by_name["gpt"].resource_configuration_changes.delta}
    assert (deltas["sku.capacity"].before, deltas["sku.capacity"].after) == (20, 30)
    nothing = stack_properties("st-wi", action="delete")
    nothing["template"] |= {"resources": [], "outputs": {}}
    result = what_if(azure, group, "s", nothing)
    assert {c.change_type for c in result.properties.changes.resource_changes} == {"delete"}
    assert len(result.properties.changes.resource_changes) == 2
    assert result.properties.retention_interval == datetime.timedelta(hours=2)
    raw = azure.answers.seen[-1][3]
    assert check_model(DeploymentStacksWhatIfResult, raw) == []
    results = azure.stacks.deployment_stacks_what_if_results_at_resource_group
    again = results.begin_what_if(group, "w-s").result()
    assert again.properties.changes == result.properties.changes
    results.delete(group, "w-s")
    assert list(results.list(group)) == []
    azure.answers.seen[:] = [s for s in azure.answers.seen if "WhatIfResults" not in s[1]]


def test_an_empty_stack_is_done_at_once(azure):
    group = azure.group()
    given = stack_properties("x")
    given["template"] |= {"resources": [], "outputs": {}}
    done = put(azure, group, "s", given).result().properties
    assert (done.provisioning_state, done.resources) == ("succeeded", [])


def test_two_stacks_on_one_account_conflict_while_they_run(azure):
    group = azure.group()
    azure.account(group, "st-shared")
    azure.sandbox.settings(operation_seconds=0.4)
    first, second = stack_properties("st-shared", 5), stack_properties("st-shared", 5)
    for given, name in ((first, "a"), (second, "b")):
        given["template"]["resources"] = given["template"]["resources"][1:]
        given["template"]["resources"][0] |= {"name": f"st-shared/{name}", "dependsOn": []}
        given["template"]["outputs"] = {}
    one = put(azure, group, "a", first)
    two = put(azure, group, "b", second)
    assert one.result().properties.provisioning_state == "succeeded"
    with pytest.raises(HttpResponseError) as failed:
        two.result()
    assert failed.value.error.details[0].details[0].code == "RequestConflict"
    time.sleep(0.5)
    assert put(azure, group, "b", second).result().properties.provisioning_state == "succeeded"
