"""What a region offers: usages, models and model capacities of Microsoft.CognitiveServices.

Shapes: azure-rest-api-specs, Microsoft.CognitiveServices 2024-04-01-preview. Keys and soft-deleted
accounts are answered here too.
"""

from __future__ import annotations

import secrets
from typing import Any

from apps.azure_sandbox import facts as catalogue
from apps.azure_sandbox import operations, quota, resources, tasks
from apps.azure_sandbox.errors import ArmError, bad_request, resource_not_found
from apps.azure_sandbox.ids import region, required
from apps.azure_sandbox.sandbox import Call, Reply, Sandbox

Json = dict[str, Any]


def usages(az: Sandbox, call: Call, subscription: str, location: str) -> Reply:
    """List a region's meters with limit and use."""
    return Reply(200, {"value": quota.usages(az, subscription, region(location))})


def cluster_usages(az: Sandbox, call: Call, subscription: str, location: str) -> Reply:
    """List a region's vCPUs of Azure Machine Learning by VM family."""
    return Reply(200, {"value": quota.cluster_usages(az, subscription, region(location))})


def models(az: Sandbox, call: Call, subscription: str, location: str) -> Reply:
    """List the models a region offers, with SKUs, capacity steps and retirement."""
    offered = az.facts.offers.get(region(location), {})
    skus: dict[tuple[str, str], list[str]] = {}
    for (sku, model), versions in offered.items():
        for version in versions:
            skus.setdefault((model, version), []).append(sku)
    newest = {model: max(v for m, v in skus if m == model) for model, _ in skus}
    value = [
        _model(az, kind, model, version, names, default=newest[model] == version)
        for kind in ("AIServices", "OpenAI")
        for (model, version), names in skus.items()
    ]
    return Reply(200, {"value": value})


def _model(
    az: Sandbox, kind: str, model: str, version: str, skus: list[str], *, default: bool
) -> Json:
    retires = az.facts.retirements.get((model, version), "")
    ends = {"inference": f"{retires}T00:00:00Z"} if retires else {}
    return {
        "kind": kind,
        "skuName": "S0",
        "model": {
            "format": "OpenAI",
            "name": model,
            "version": version,
            "isDefaultVersion": default,
            "skus": [_sku(az, sku, model, retires) for sku in skus],
            "maxCapacity": 3,
            "capabilities": {"chatCompletion": "true", "responses": "true"},
            "deprecation": ends,
            "lifecycleStatus": "Preview"
            if (model, version) in az.facts.previews
            else "GenerallyAvailable",
            "systemData": {"createdBy": "Microsoft", "createdByType": "Application"},
        },
    }


def _sku(az: Sandbox, sku: str, model: str, retires: str) -> Json:
    capacity: Json = {"minimum": 1, "maximum": 1_000_000, "step": 1, "default": 10}
    if steps := az.facts.ptu_steps.get((model, sku)):
        low, step = steps
        capacity = {"minimum": low, "maximum": 100_000, "step": step, "default": low}
    shown: Json = {"name": sku, "usageName": catalogue.meter(sku, model), "capacity": capacity}
    rate = az.facts.rates.get((model, sku))
    if rate and rate.thousands and rate.requests:
        count = rate.requests / rate.thousands
        rules = [
            {"key": "request", "renewalPeriod": rate.window_s, "count": count},
            {"key": "token", "renewalPeriod": 60, "count": 1000},
        ]
        shown["rateLimits"] = [{"count": count, "renewalPeriod": rate.window_s, "rules": rules}]
    if retires:
        shown["deprecationDate"] = f"{retires}T00:00:00Z"
    return shown


def capacities(az: Sandbox, call: Call, subscription: str, location: str = "") -> Reply:
    """Say what the machines could still serve of one model version, per region and SKU."""
    asked = [call.query.get(k, "") for k in ("modelformat", "modelname", "modelversion")]
    if not all(asked):
        raise bad_request("modelFormat, modelName and modelVersion are required.", "InvalidRequest")
    form, model, version = asked
    value = []
    for where in [region(location)] if location else list(az.facts.offers):
        for (sku, name), versions in az.facts.offers.get(where, {}).items():
            if name == model and version in versions and form == "OpenAI":
                value.append(_capacity(az, subscription, where, sku, model, version))
    return Reply(200, {"value": value})


def _capacity(
    az: Sandbox, subscription: str, where: str, sku: str, model: str, version: str
) -> Json:
    base = f"/subscriptions/{subscription}/providers/Microsoft.CognitiveServices/locations/{where}"
    return {
        "id": f"{base}/models/OpenAI.{model}.{version}/skuCapacities/{sku}",
        "type": "Microsoft.CognitiveServices/locations/models/skuCapacities",
        "name": sku,
        "location": where,
        "properties": {
            "model": {"format": "OpenAI", "name": model, "version": version},
            "skuName": sku,
            "availableCapacity": quota.available_capacity(az, subscription, where, sku, model),
            "availableFinetuneCapacity": 0,
        },
    }


def list_keys(az: Sandbox, call: Call, account: str) -> Reply:
    """Give an account's two keys."""
    return Reply(200, _keys(az, account))


def regenerate_key(az: Sandbox, call: Call, account: str) -> Reply:
    """Make one of the keys anew."""
    keys = _keys(az, account)
    name = str(call.content().get("keyName", "")).lower()
    if name not in keys:
        raise bad_request("The keyName is one of Key1, Key2.", "InvalidKeyName")
    keys[name] = secrets.token_hex(16)
    return Reply(200, az.store.put("keys", account, keys))


def _keys(az: Sandbox, account: str) -> Json:
    rid = required(account)
    document = az.store.get("resources", rid.key)
    if document is None:
        raise resource_not_found(rid.type, rid.name, rid.group)
    resources.check_locks(az, rid.key, "write")
    if document["properties"].get("disableLocalAuth"):
        raise bad_request("Failed to list key. disableLocalAuth is set to be true", "BadRequest")
    keys = az.store.get("keys", rid.key)
    return keys or az.store.put(
        "keys", rid.key, {"key1": secrets.token_hex(16), "key2": secrets.token_hex(16)}
    )


def deleted_accounts(az: Sandbox, call: Call, subscription: str) -> Reply:
    """List the soft-deleted accounts."""
    found = az.store.all("deleted").values()
    mine = [_deleted(d) for d in found if d["subscription"] == subscription.lower()]
    return Reply(200, {"value": mine})


def deleted_account(az: Sandbox, call: Call, **where: str) -> Reply:
    """Read one soft-deleted account."""
    return Reply(200, _deleted(_find_deleted(az, where)))


def purge(az: Sandbox, call: Call, **where: str) -> Reply:
    """Purge a soft-deleted account; only then its quota is free again."""
    deleted = _find_deleted(az, where)
    operation = operations.start(az)
    tasks.add(az, "PURGE", deleted["document"]["id"], operation=operation)
    styles = ("Azure-AsyncOperation", "Location")
    return Reply(202, None, operations.headers(az, call, operation, *styles))


def _find_deleted(az: Sandbox, where: dict[str, str]) -> Json:
    scope = f"/subscriptions/{where['subscription']}/resourceGroups/{where['group']}"
    key = f"{scope}/providers/Microsoft.CognitiveServices/accounts/{where['name']}"
    deleted = az.store.get("deleted", key)
    if deleted is None or deleted["region"] != region(where["location"]):
        raise ArmError(
            404, "ResourceNotFound", f"The deleted account '{where['name']}' could not be found."
        )
    return deleted


def _deleted(entry: Json) -> Json:
    document = entry["document"]
    base = f"/subscriptions/{entry['subscription']}/providers/Microsoft.CognitiveServices"
    place = f"{base}/locations/{entry['region']}/resourceGroups/{entry['group']}"
    dates = {k: entry[k] for k in ("deletionDate", "scheduledPurgeDate")}
    return {
        **document,
        "id": f"{place}/deletedAccounts/{document['name']}",
        "type": "Microsoft.CognitiveServices/deletedAccounts",
        "properties": {**document["properties"], **dates},
    }
