"""Resources at large: checks before a write, the document kept, and removal.

Any type of the known namespaces is kept as it was sent; accounts and model deployments are checked
and completed as Azure does.
"""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

from apps.azure_sandbox import cognitive
from apps.azure_sandbox.errors import ArmError, bad_request, group_not_found, known
from apps.azure_sandbox.errors import not_implemented as unknown
from apps.azure_sandbox.ids import (
    ACCOUNTS,
    GROUPS,
    LOCKS,
    MODEL_DEPLOYMENTS,
    SPELLING,
    ResourceId,
    guid,
    parent_not_found,
    region,
    split,
)
from apps.azure_sandbox.sandbox import Sandbox, stamp, system_data

Json = dict[str, Any]
NAMESPACES = (
    "Microsoft.AlertsManagement",
    "Microsoft.ApiManagement",
    "Microsoft.App",
    "Microsoft.Authorization",
    "Microsoft.Cache",
    "Microsoft.CognitiveServices",
    "Microsoft.Consumption",
    "Microsoft.ContainerRegistry",
    "Microsoft.CostManagement",
    "Microsoft.EventHub",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.MachineLearningServices",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.Resources",
    "Microsoft.Search",
    "Microsoft.Storage",
)
SLOW = (ACCOUNTS, MODEL_DEPLOYMENTS)
RETENTION_S = 48 * 3600  # soft-deleted accounts are purged by Azure after 48 hours
LOCKED = {"write": ("readonly",), "delete": ("readonly", "cannotdelete")}


def check(
    az: Sandbox,
    rid: ResourceId,
    body: Json,
    planned: Counter[str] | None = None,
    locations: dict[str, str] | None = None,
) -> None:
    """Refuse a write that the resource provider would refuse.

    `planned` and `locations` carry what the same template takes and makes.
    """
    if not isinstance(body.get("properties") or {}, dict):
        raise bad_request("The request content was invalid and could not be deserialized.")
    if rid.type.split("/")[0].lower() not in {n.lower() for n in NAMESPACES}:
        raise unknown(f"the resource provider of {rid.type}")
    planned = Counter() if planned is None else planned
    if rid.kind == ACCOUNTS:
        cognitive.check_account(az, rid, body, planned)
    elif rid.kind == GROUPS and not body.get("location"):
        raise bad_request("The location property is required.", "LocationRequired")
    elif rid.kind == MODEL_DEPLOYMENTS:
        cognitive.check_deployment(az, rid, body, planned, locations or {})


def find(az: Sandbox, key: str) -> Json | None:
    """Find a resource or resource group by its id."""
    return az.store.get("resources", key) or az.store.get("groups", key)


def check_place(az: Sandbox, rid: ResourceId) -> None:
    """Refuse a write into a group or parent that does not exist."""
    if rid.group and az.store.get("groups", _group_key(rid)) is None:
        raise group_not_found(rid.group)
    if rid.parent and az.store.get("resources", rid.parent) is None:
        raise parent_not_found(rid)


def check_locks(az: Sandbox, key: str, action: str) -> None:
    """Refuse a write or delete below a lock that denies it."""
    for lock_key, lock in az.store.all("resources").items():
        if lock["type"] != SPELLING[LOCKS] or lock_key == key.lower():
            continue
        scope = lock_key.split("/providers/microsoft.authorization/locks/")[0]
        level = str(lock["properties"].get("level", "")).lower()
        if level in LOCKED[action] and f"{key.lower()}/".startswith(f"{scope}/"):
            raise known(
                "ScopeLocked",
                f"The scope '{key}' cannot perform {action} operation because following scope(s) "
                f"are locked: '{split(lock['id'])[0]}'. "
                "Please remove the lock and try again.",
            )


def check_deny(az: Sandbox, key: str, action: str, *, by: str = "") -> None:
    """Refuse what a stack's deny settings keep from everyone but the stack (`by` is its key)."""
    for stack_key, stack in az.store.all("stacks").items():
        if stack_key == by.lower():
            continue
        mode = stack["properties"]["denySettings"]["mode"].lower()
        managed = {r["id"].lower() for r in stack["properties"].get("resources", [])}
        denies = mode == "denywriteanddelete" or (mode == "denydelete" and action == "delete")
        if denies and key.lower() in managed:
            raise ArmError(
                403,
                "DenyAssignmentAuthorizationFailed",
                f"The client has permission to perform action '{action}' on scope '{key}'; "
                "however, the access is denied because of the deny assignment created by "
                f"Deployment Stack '{stack['id']}'.",
            )


def write(az: Sandbox, rid: ResourceId, body: Json, at: float, *, state: str) -> Json:
    """Keep a resource as sent, completed by what Azure adds."""
    before = find(az, rid.key)
    document: Json = {
        "id": (before or {}).get("id", rid.text),
        "name": (before or {}).get("name", rid.name),
        "type": rid.type,
        **copy.deepcopy({k: v for k, v in body.items() if k not in ("id", "name", "type")}),
    }
    properties = document["properties"] = document.get("properties") or {}
    if rid.kind == ACCOUNTS:
        _restore(az, rid, document)
        properties["dateCreated"] = ((before or {}).get("properties") or {}).get("dateCreated")
        cognitive.dress_account(az, rid, document, at)
    elif rid.kind == MODEL_DEPLOYMENTS:
        cognitive.dress_deployment(az, rid, document)
    elif "identity" in document:
        document["identity"] = {**document["identity"], "principalId": guid(rid.key, "principal")}
    if rid.kind in SLOW:
        document["systemData"] = system_data(at, before)
        document["etag"] = f'"{guid()}"'
    if rid.kind != LOCKS:
        properties["provisioningState"] = state
    if rid.kind == GROUPS:
        document["location"] = region(document["location"])
        return az.store.put("groups", rid.key, document)
    return az.store.put("resources", rid.key, document)


def settle(az: Sandbox, rid: ResourceId) -> Json | None:
    """Mark a resource as done."""
    document = find(az, rid.key)
    if document is not None and rid.kind != LOCKS:
        document["properties"]["provisioningState"] = "Succeeded"
        az.store.put("groups" if rid.kind == GROUPS else "resources", rid.key, document)
    return document


def children(az: Sandbox, key: str) -> dict[str, Json]:
    """Find everything below a resource."""
    prefix = key.lower() + "/"
    return {k: v for k, v in az.store.all("resources").items() if k.startswith(prefix)}


def remove(az: Sandbox, rid: ResourceId, at: float) -> None:
    """Delete a resource with all below it; an account is kept soft-deleted."""
    document = az.store.drop("groups" if rid.kind == GROUPS else "resources", rid.key)
    below = children(az, rid.key)
    for key in below:
        az.store.drop("resources", key)
    if document is None or rid.kind != ACCOUNTS:
        return
    az.store.put(
        "deleted",
        rid.key,
        {
            "key": rid.key,
            "subscription": rid.subscription.lower(),
            "group": rid.group,
            "region": document["location"],
            "document": document,
            "children": below,
            "deletionDate": stamp(at),
            "scheduledPurgeDate": stamp(at + RETENTION_S),
        },
    )


def purge_expired(az: Sandbox, now: float) -> None:
    """Purge the soft-deleted accounts whose time is over; their quota is free again."""
    for key, deleted in list(az.store.all("deleted").items()):
        if deleted["scheduledPurgeDate"] <= stamp(now):
            az.store.drop("deleted", key)


def _restore(az: Sandbox, rid: ResourceId, document: Json) -> None:
    """Bring a soft-deleted account back, with its deployments."""
    if not document["properties"].get("restore"):
        return
    deleted = az.store.drop("deleted", rid.key)
    for key, child in deleted["children"].items() if deleted else ():
        az.store.put("resources", key, child)


def _group_key(rid: ResourceId) -> str:
    return f"/subscriptions/{rid.subscription}/resourceGroups/{rid.group}"
