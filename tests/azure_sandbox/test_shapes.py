"""A whole story against one sandbox: every request passes the shared checker, with no body unread.

Answers are checked by every test of this folder (see `azure` in conftest.py).
"""

import pytest

from tests.azure_sandbox import facts
from tests.azure_sandbox.conftest import (
    SHARED,
    Answers,
    Azure,
    properties,
    stack_properties,
)
from tests.azure_sandbox.specs import Specs
from tests.sandbox import Sandbox, check_requests


@pytest.fixture
def story(tmp_path):
    if not SHARED.exists():
        pytest.skip("needs ../shared (Microsoft's specs), which is not beside this checkout")
    sandbox = Sandbox.start(
        tmp_path / "az", facts.write(tmp_path / "facts"), operation_seconds=0.05
    )
    sandbox.settings(retry_after=0)
    yield Azure(sandbox, Answers())
    sandbox.stop()


def test_requests_and_answers_have_microsoft_s_shapes(story, tmp_path):
    tell(story)
    report = check_requests(SHARED, story.sandbox.requests_file, tmp_path / "report.json")
    assert report["errors"] == 0, [e for e in report["entries"] if e["errors"]]
    assert report["not_checked"] == 0, [e for e in report["entries"] if e["warnings"]]
    assert len(report["entries"]) > 40
    specs = Specs(SHARED)
    wrong = [
        w
        for seen in story.answers.seen
        if "WhatIfResults" not in seen[1]  # newer than the saved specs; test_stacks reads those
        for w in specs.check(*seen)
    ]
    assert not wrong, "\n".join(wrong)
    assert story.sandbox.state()["not_implemented"] == []


def tell(azure):
    group = azure.group("rg-story")
    base = f"/subscriptions/{azure.subscription}/providers/Microsoft.CognitiveServices"
    for what in ("usages", "models"):
        azure.send("GET", f"{base}/locations/swedencentral/{what}")
    query = "?modelFormat=OpenAI&modelName=gpt-5.1&modelVersion=2025-11-13"
    azure.send("GET", f"{base}/modelCapacities{query}")
    client = azure.deployments.deployments
    client.begin_validate(group, "d", {"properties": properties("oai-story")}).result()
    client.begin_what_if(group, "d", {"properties": properties("oai-story")}).result()
    client.begin_create_or_update(group, "d", {"properties": properties("oai-story")}).result()
    list(azure.deployments.deployment_operations.list(group, "d"))
    stacks = azure.stacks.deployment_stacks
    given = {"properties": stack_properties("oai-story", 60)}
    stacks.begin_validate_stack_at_resource_group(group, "s", given).result()
    stacks.begin_create_or_update_at_resource_group(group, "s", given).result()
    stacks.get_at_resource_group(group, "s")
    list(stacks.list_at_resource_group(group))
    preview_deletion(azure, group)
    azure.send("POST", azure.id(group, "oai-story") + "/listKeys")
    azure.send("GET", azure.id(group, "oai-story", "gpt"))
    azure.send("GET", azure.id(group, "oai-story") + "/deployments")
    azure.deploy(group, "oai-story", "second", 5)
    azure.resources.resources.begin_delete_by_id(
        azure.id(group, "oai-story", "second"), api_version="2025-06-01"
    ).result()
    lock = azure.id(group, "oai-story") + "/providers/Microsoft.Authorization/locks/keep"
    body = {"properties": {"level": "CanNotDelete"}}
    azure.send("PUT", f"{lock}?api-version=2020-05-01", body)
    azure.send("DELETE", f"{lock}?api-version=2020-05-01")
    list(azure.resources.resources.list_by_resource_group(group))
    stacks.begin_delete_at_resource_group(group, "s", unmanage_action_resources="delete").result()
    azure.send("GET", f"{base}/deletedAccounts")
    place = f"{base}/locations/swedencentral/resourceGroups/{group}/deletedAccounts/oai-story"
    azure.send("DELETE", place)
    azure.resources.resource_groups.begin_delete(group).result()


def preview_deletion(azure, group):
    nothing = stack_properties("oai-story", action="delete")
    nothing["template"] |= {"resources": [], "outputs": {}}
    scope = f"/subscriptions/{azure.subscription}/resourceGroups/{group}"
    nothing["deploymentStackResourceId"] = (
        f"{scope}/providers/Microsoft.Resources/deploymentStacks/s"
    )
    nothing["retentionInterval"] = "PT1H"
    results = azure.stacks.deployment_stacks_what_if_results_at_resource_group
    results.begin_create_or_update(group, "w", {"properties": nothing}).result()
    changes = results.get(group, "w").properties.changes.resource_changes
    assert {c.change_type for c in changes} == {"delete"}
