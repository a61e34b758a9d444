"""What-if: Create, NoChange, Modify with its deltas, Ignore, Unsupported, and Azure's noise."""

from tests.azure_sandbox.conftest import deployment_body, properties


def preview(azure, group, given, full=True):
    settings = {"resultFormat": "FullResourcePayloads" if full else "ResourceIdOnly"}
    body = {"properties": {**given, "whatIfSettings": settings}}
    result = azure.deployments.deployments.begin_what_if(group, "w", body).result()
    assert result.status == "Succeeded"
    return {c.resource_id.rsplit("/", 1)[1]: c for c in result.changes}


def deltas(change):
    return {d.path: (d.property_change_type, d.before, d.after) for d in change.delta or []}


def test_nothing_there_means_create_and_nothing_is_made(azure):
    group = azure.group()
    found = preview(azure, group, properties("wi-one"))
    assert {n: c.change_type for n, c in found.items()} == {"wi-one": "Create", "gpt": "Create"}
    assert found["gpt"].after["sku"] == {"name": "GlobalStandard", "capacity": 50}
    assert found["gpt"].after["apiVersion"] == "2025-06-01"
    assert azure.send("GET", azure.id(group, "wi-one")).status_code == 404


def test_a_change_by_hand_shows_and_noise_is_there_too(azure):
    group = azure.group()
    azure.deployments.deployments.begin_create_or_update(
        group, "d", {"properties": properties("wi-two")}
    ).result()
    azure.deploy(group, "wi-two", "other")
    gpt = azure.id(group, "wi-two", "gpt")
    azure.sandbox.drift(gpt, "properties.versionUpgradeOption", "OnceCurrentVersionExpired")
    found = preview(azure, group, properties("wi-two", 70))
    changed = deltas(found["gpt"])
    assert changed["sku.capacity"] == ("Modify", 50, 70)
    assert changed["properties.versionUpgradeOption"] == (
        "Modify",
        "OnceCurrentVersionExpired",
        "NoAutoUpgrade",
    )
    assert changed["properties.rateLimits"][0] == "Delete"
    assert changed["properties.currentCapacity"] == ("NoEffect", 50, None)
    assert "etag" not in changed
    assert "properties.provisioningState" not in changed
    assert deltas(found["wi-two"])["properties.endpoint"][0] == "Delete"
    assert found["other"].change_type == "Ignore"


def test_without_noise_there_is_no_change(azure):
    group = azure.group()
    path = f"/subscriptions/{azure.subscription}/resourceGroups/{group}/providers"
    vault = f"{path}/Microsoft.OperationalInsights/workspaces/logs"
    body = {"location": "Sweden Central", "properties": {"features": {"a": [1, 2]}}}
    azure.send("PUT", f"{vault}?api-version=2023-09-01", body)
    azure.answers.seen.clear()
    given = properties("x")
    resource = {
        "type": "Microsoft.OperationalInsights/workspaces",
        "apiVersion": "2023-09-01",
        "name": "logs",
        **body,
    }
    given["template"]["resources"] = [resource]
    given["template"]["outputs"] = {}
    assert preview(azure, group, given)["logs"].change_type == "NoChange"
    resource["properties"] = {"features": {"a": [1, 3, 4], "b": True}}
    change = preview(azure, group, given)["logs"]
    assert change.change_type == "Modify"
    found = {d.path: d for d in change.delta}
    assert found["properties.features.b"].property_change_type == "Create"
    items = found["properties.features.a"]
    assert items.property_change_type == "Array"
    assert [(c.path, c.property_change_type) for c in items.children] == [
        ("1", "Modify"),
        ("2", "Create"),
    ]


def test_only_ids_when_only_ids_are_asked_for(azure):
    group = azure.group()
    found = preview(azure, group, properties("wi-ids"), full=False)
    assert {c.change_type for c in found.values()} == {"Deploy"}
    assert all(c.after is None for c in found.values())


def test_an_unknowable_id_is_unsupported(azure):
    group = azure.group()
    given = properties("wi-un")
    given["template"]["resources"].append(
        {
            "type": "Microsoft.CognitiveServices/accounts/deployments",
            "apiVersion": "2025-06-01",
            "name": "[concat(reference(variables('id')).customSubDomainName, '/late')]",
            **deployment_body(),
        }
    )
    found = preview(azure, group, given)
    late = next(c for c in found.values() if c.change_type == "Unsupported")
    assert "reference()" in late.unsupported_reason
