"""Subscriptions, resource providers, resource groups and lists of resources.

Shapes: azure-rest-api-specs, Microsoft.Resources `subscriptions.json` 2022-12-01 and
`resources.json` 2024-03-01.
"""

from __future__ import annotations

import re
from typing import Any

from apps.azure_sandbox import operations, resources
from apps.azure_sandbox.errors import ArmError, bad_request, group_not_found
from apps.azure_sandbox.errors import not_implemented as unknown
from apps.azure_sandbox.ids import region, required
from apps.azure_sandbox.sandbox import SUBSCRIPTIONS, TENANT, Call, Reply, Sandbox

Json = dict[str, Any]
TRACKED = ("id", "name", "type", "location", "kind", "sku", "identity", "tags", "plan", "managedBy")
TYPE_FILTER = re.compile(r"resourceType\s+eq\s+'([^']+)'$", re.I)


def subscriptions(az: Sandbox, call: Call) -> Reply:
    """List the two subscriptions."""
    return Reply(200, {"value": [_subscription(s) for s in SUBSCRIPTIONS.values()], "nextLink": ""})


def subscription(az: Sandbox, call: Call, subscription: str) -> Reply:
    """Read one subscription."""
    return Reply(200, _subscription(subscription))


def tenants(az: Sandbox, call: Call) -> Reply:
    """List the one tenant."""
    tenant = {"id": f"/tenants/{TENANT}", "tenantId": TENANT, "displayName": "Azure sandbox"}
    return Reply(200, {"value": [{**tenant, "tenantCategory": "Home"}]})


def check_subscription(identity: str) -> None:
    """Refuse a subscription that is not the sandbox's."""
    if identity.lower() not in SUBSCRIPTIONS.values():
        raise ArmError(
            404, "SubscriptionNotFound", f"The subscription '{identity}' could not be found."
        )


def _subscription(identity: str) -> Json:
    name = next(k for k, v in SUBSCRIPTIONS.items() if v == identity.lower())
    return {
        "id": f"/subscriptions/{identity}",
        "subscriptionId": identity,
        "tenantId": TENANT,
        "displayName": f"Azure sandbox {name}",
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
        "authorizationSource": "RoleBased",
    }


def provider(az: Sandbox, call: Call, subscription: str, namespace: str) -> Reply:
    """Read a resource provider: always registered."""
    return Reply(200, _provider(subscription, namespace))


def providers(az: Sandbox, call: Call, subscription: str) -> Reply:
    """List the resource providers."""
    return Reply(200, {"value": [_provider(subscription, n) for n in resources.NAMESPACES]})


def _provider(subscription: str, namespace: str) -> Json:
    found = next((n for n in resources.NAMESPACES if n.lower() == namespace.lower()), None)
    if found is None:
        raise unknown(f"the resource provider {namespace}")
    return {
        "id": f"/subscriptions/{subscription}/providers/{found}",
        "namespace": found,
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": [],
    }


def get(az: Sandbox, call: Call, scope: str) -> Reply:
    """Read a resource group."""
    return Reply(200, _group(az, scope))


def head(az: Sandbox, call: Call, scope: str) -> Reply:
    """Say whether a resource group exists."""
    return Reply(204 if az.store.get("groups", scope) else 404)


def put(az: Sandbox, call: Call, scope: str) -> Reply:
    """Create or change a resource group."""
    body = call.content()
    before = az.store.get("groups", scope)
    if not body.get("location"):
        raise bad_request(
            "The location property is required for this definition.", "LocationRequired"
        )
    where = region(body["location"])
    if before and before["location"] != where:
        name = before["name"]
        raise ArmError(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{where}'. The Resource group already exists in "
            f"location '{before['location']}' ('{name}').",
        )
    resources.check_locks(az, scope, "write")
    group = before or {
        "id": scope,
        "name": scope.rsplit("/", 1)[1],
        "type": "Microsoft.Resources/resourceGroups",
    }
    group |= {"location": where, "properties": {"provisioningState": "Succeeded"}}
    group |= {k: body[k] for k in ("tags", "managedBy") if k in body}
    az.store.put("groups", scope, group)
    return Reply(200 if before else 201, group)


def patch(az: Sandbox, call: Call, scope: str) -> Reply:
    """Change a resource group's tags."""
    group = _group(az, scope)
    resources.check_locks(az, scope, "write")
    group |= {k: v for k, v in call.content().items() if k in ("tags", "managedBy")}
    return Reply(200, az.store.put("groups", scope, group))


def delete(az: Sandbox, call: Call, scope: str) -> Reply:
    """Delete a resource group with all in it; accounts stay soft-deleted."""
    _group(az, scope)
    inside = [k for k in az.store.all("resources") if k.startswith(f"{scope}/providers/".lower())]
    for key in [scope, *inside]:
        resources.check_locks(az, key, "delete")
    for key in sorted(inside, key=lambda k: k.count("/")):
        if found := az.store.get("resources", key):
            resources.remove(az, required(found["id"]), az.now())
    az.store.drop("groups", scope)
    for kind in ("deployments", "stacks"):
        for key in [k for k in az.store.all(kind) if k.startswith(f"{scope}/".lower())]:
            az.store.drop(kind, key)
    operation = operations.start(az, due_in=az.operation_seconds)
    return Reply(202, None, operations.headers(az, call, operation, "Location"))


def listing(az: Sandbox, call: Call, subscription: str) -> Reply:
    """List a subscription's resource groups."""
    prefix = f"/subscriptions/{subscription}/".lower()
    found = [g for k, g in az.store.all("groups").items() if k.startswith(prefix)]
    return Reply(200, {"value": found})


def resource_list(az: Sandbox, call: Call, scope: str) -> Reply:
    """List the tracked resources (those with a location) of a group or subscription."""
    if "/resourcegroups/" in scope.lower():
        _group(az, scope)
    wanted = call.query.get("$filter", "")
    match = TYPE_FILTER.match(wanted)
    if wanted and not match:
        raise unknown(f"the filter {wanted}")
    found = [
        {name: r[name] for name in TRACKED if name in r}
        for k, r in az.store.all("resources").items()
        if k.startswith(f"{scope}/".lower()) and "location" in r
        if match is None or r["type"].lower() == match[1].lower()
    ]
    return Reply(200, {"value": found})


def _group(az: Sandbox, scope: str) -> Json:
    group = az.store.get("groups", scope)
    if group is None:
        raise group_not_found(scope.rsplit("/", 1)[1])
    return group
