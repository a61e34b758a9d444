"""Microsoft.CognitiveServices: accounts and model deployments as Azure checks and shows them.

Shapes: azure-rest-api-specs, Microsoft.CognitiveServices 2024-04-01-preview and 2025-06-01.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from apps.azure_sandbox import quota
from apps.azure_sandbox.errors import ArmError, bad_request, known
from apps.azure_sandbox.facts import STANDARD_DEPLOYMENTS_PER_ACCOUNT, is_provisioned
from apps.azure_sandbox.ids import MODEL_DEPLOYMENTS, ResourceId, guid, parent_not_found, region
from apps.azure_sandbox.sandbox import TENANT, Sandbox, stamp

Json = dict[str, Any]
KINDS = {"openai": "OpenAI", "aiservices": "AIServices"}
# Azure answers these with an account whatever the request says; a what-if shows them as noise.
ENDPOINTS = {
    "AI Foundry API": "https://{0}.services.ai.azure.com/",
    "Azure AI Model Inference API": "https://{0}.services.ai.azure.com/",
    "OpenAI Language Model Instance API": "https://{0}.openai.azure.com/",
    "Content Safety": "https://{0}.cognitiveservices.azure.com/",
}


def check_account(az: Sandbox, rid: ResourceId, body: Json, planned: Counter[str]) -> None:
    """Refuse an account that Azure would refuse."""
    kind = str(body.get("kind") or "")
    if kind.lower() not in KINDS:
        raise bad_request(f"The kind '{kind}' of the account is not supported.", "InvalidApiSetId")
    if (body.get("sku") or {}).get("name") != "S0":
        raise ArmError(400, "InvalidSkuId", "The specified SKU is not valid for this account.")
    if not body.get("location"):
        raise ArmError(400, "LocationRequired", "The location property is required.")
    if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,63}", rid.name):
        raise ArmError(400, "InvalidAccountName", f"The account name '{rid.name}' is invalid.")
    restoring = bool((body.get("properties") or {}).get("restore"))
    if az.store.get("deleted", rid.key) and not restoring:
        raise known(
            "FlagMustBeSetForRestore",
            f"An existing resource with ID '{rid.text}' has been soft-deleted. To restore the "
            "resource, you must specify 'restore' to be 'true' in the property. If you don't want "
            "to restore existing resource, please purge it first.",
        )
    if restoring and not (az.store.get("deleted", rid.key) or az.store.get("resources", rid.key)):
        raise ArmError(
            400,
            "CanNotRestoreANonExistingResource",
            f"The resource '{rid.name}' cannot be restored: it has not been soft-deleted.",
        )
    _check_domain(az, rid, body)
    if az.store.get("resources", rid.key) is None and not restoring:
        quota.require_account(az, rid.key, region(body["location"]), planned)


def _check_domain(az: Sandbox, rid: ResourceId, body: Json) -> None:
    domain = (body.get("properties") or {}).get("customSubDomainName")
    for key, other in az.store.all("resources").items():
        taken = other.get("properties", {}).get("customSubDomainName")
        if domain and taken and key != rid.key and taken.lower() == domain.lower():
            raise ArmError(
                400,
                "CustomDomainInUse",
                f"Please pick a different name. The subdomain name '{domain}' is not available as "
                "it's already used by a resource.",
            )


def check_deployment(
    az: Sandbox, rid: ResourceId, body: Json, planned: Counter[str], locations: dict[str, str]
) -> None:
    """Refuse a model deployment that Azure would refuse: model, SKU, capacity, quota, count."""
    account = az.store.get("resources", rid.root)
    where = (account or {}).get("location") or locations.get(rid.root)
    if where is None:
        raise parent_not_found(rid)
    sku, model = body.get("sku") or {}, (body.get("properties") or {}).get("model") or {}
    name, version = str(model.get("name")), model.get("version")
    capacity = capacity_of(sku)
    offered = az.facts.offers.get(where, {})
    versions = {v for (_, m), vs in offered.items() if m == name for v in vs}
    if model.get("format") != "OpenAI" or not versions or (version and version not in versions):
        raise known(
            "DeploymentModelNotSupported",
            f"The model 'Format: {model.get('format')}, Name: {name}, Version: {version or ''}' of "
            "account deployment is not supported.",
        )
    here = az.facts.versions(where, str(sku.get("name")), name)
    if not here or (version and version not in here):
        raise known(
            "InvalidResourceProperties",
            f"The specified SKU '{sku.get('name')}' for model '{name} {version or here[-1:]}' is "
            f"not supported in this region '{where}'.",
        )
    _check_retirement(az, name, version or here[-1])
    _check_steps(az, name, sku["name"], capacity)
    _check_count(az, rid, sku["name"])
    quota.require(az, rid.key, where, sku["name"], name, capacity, planned)


def capacity_of(sku: Json) -> int:
    """Read a SKU's capacity; the az CLI sends it as text."""
    try:
        capacity = int(sku.get("capacity") or 1)
    except (TypeError, ValueError):
        capacity = 0
    if capacity < 1:
        raise known(
            "InvalidResourceProperties",
            "The capacity of account deployment should be a positive integer.",
        )
    return capacity


def _check_retirement(az: Sandbox, model: str, version: str) -> None:
    retires = az.facts.retirements.get((model, version), "")
    if retires and retires <= stamp(az.now())[:10]:
        raise known(
            "ServiceModelDeprecated",
            f"The model 'Format: OpenAI, Name: {model}, Version: {version}' has been deprecated "
            f"since {retires}.",
        )


def _check_steps(az: Sandbox, model: str, sku: str, capacity: int) -> None:
    low, step = az.facts.ptu_steps.get((model, sku), (0, 0))
    if low and (capacity < low or (capacity - low) % (step or 1)):
        raise known(
            "InvalidResourceProperties",
            f"The specified capacity '{capacity}' of account deployment is not valid: at least "
            f"{low}, in steps of {step}.",
        )


def _check_count(az: Sandbox, rid: ResourceId, sku: str) -> None:
    if is_provisioned(sku) or sku.endswith("Batch"):
        return
    others = [
        key
        for key, other in az.store.all("resources").items()
        if key.startswith(rid.root + "/deployments/") and key != rid.key
        if other["type"].lower() == MODEL_DEPLOYMENTS
        if not is_provisioned(other["sku"]["name"]) and not other["sku"]["name"].endswith("Batch")
    ]
    if len(others) >= STANDARD_DEPLOYMENTS_PER_ACCOUNT:
        used = len(others)
        raise quota.insufficient("Standard deployments per account", 1, used, used)


def dress_account(az: Sandbox, rid: ResourceId, document: Json, at: float) -> None:
    """Add what Azure adds to an account: endpoints, identity, defaults and read-only noise."""
    properties = document["properties"]
    domain = properties.get("customSubDomainName") or rid.name
    document["location"] = region(document["location"])
    document["kind"] = KINDS[document["kind"].lower()]
    properties.pop("restore", None)
    properties.setdefault("publicNetworkAccess", "Enabled")
    identity = document.get("identity")
    if identity and "SystemAssigned" in identity.get("type", ""):
        identity |= {"principalId": guid(rid.key, "principal"), "tenantId": TENANT}
    properties |= {
        "endpoint": f"https://{domain}.cognitiveservices.azure.com/".lower(),
        "endpoints": {k: v.format(domain).lower() for k, v in ENDPOINTS.items()},
        "internalId": guid(rid.key).replace("-", ""),
        "dateCreated": properties.get("dateCreated") or stamp(at),
        "isMigrated": False,
        "privateEndpointConnections": [],
        "capabilities": [{"name": "VirtualNetworks"}, {"name": "CustomerManagedKey"}],
        "callRateLimit": {
            "rules": [
                {
                    "key": "openai.dalle.post",
                    "renewalPeriod": 1,
                    "count": 30,
                    "matchPatterns": [{"path": "dalle/*", "method": "POST"}],
                }
            ]
        },
    }


def dress_deployment(az: Sandbox, rid: ResourceId, document: Json) -> None:
    """Add what Azure adds to a model deployment: rate limits, capabilities, defaults."""
    sku, properties = document["sku"], document["properties"]
    sku["capacity"] = capacity = capacity_of(sku)
    model = properties["model"]
    account = az.store.get("resources", rid.root) or {}
    versions = az.facts.versions(account.get("location", ""), sku["name"], model["name"])
    if not model.get("version") and versions:
        model["version"] = versions[-1]
    properties.setdefault("versionUpgradeOption", "OnceNewDefaultVersionAvailable")
    properties |= {
        "currentCapacity": capacity,
        "dynamicThrottlingEnabled": False,
        "capabilities": {
            "chatCompletion": "true",
            "responses": "true",
            "maxContextToken": "400000",
        },
    }
    rate = az.facts.rates.get((model["name"], sku["name"]))
    if rate and rate.thousands and rate.requests:
        requests = max(round(capacity * rate.requests / rate.thousands), 1)
        properties["rateLimits"] = [
            {"key": "request", "renewalPeriod": rate.window_s, "count": requests},
            {"key": "token", "renewalPeriod": 60, "count": capacity * 1000},
        ]
