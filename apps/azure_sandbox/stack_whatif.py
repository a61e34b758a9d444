"""What-if results of deployment stacks: what a stack's change would do, deletions included.

Shape: the SDK's `DeploymentStacksWhatIfResult` of 2025-07-01. PUT works the result out, GET reads
it, POST whatIf gives it again.
"""

from __future__ import annotations

from typing import Any

from apps.azure_sandbox import operations, resources, stacks, whatif
from apps.azure_sandbox.errors import ArmError, bad_request
from apps.azure_sandbox.ids import guid, parse
from apps.azure_sandbox.sandbox import Call, Reply, Sandbox, system_data
from apps.azure_sandbox.templates import Plan

Json = dict[str, Any]
TYPE = "deploymentStacksWhatIfResults"
LOWER = {"Create": "create", "Modify": "modify", "NoChange": "noChange"}
NEEDED = ("deploymentStackResourceId", "retentionInterval")


def put(az: Sandbox, call: Call, scope: str, name: str) -> Reply:
    """Work a result out."""
    plan, given = stacks.plan_of(az, call, scope, name)
    for need in NEEDED:
        if not given.get(need):
            raise bad_request(f"The request content was invalid: 'properties.{need}' is required.")
    key = _key(scope, name)
    existing = az.store.get("stack_whatifs", key)
    stack = az.store.get("stacks", given["deploymentStackResourceId"])
    kept = {k: given[k] for k in (*stacks.KEPT, *NEEDED) if k in given}
    document: Json = {
        "id": key,
        "name": name,
        "type": f"Microsoft.Resources/{TYPE}",
        "systemData": system_data(az.now(), existing),
        "properties": {
            **kept,
            "deploymentScope": scope,
            "correlationId": guid(),
            "changes": _changes(az, plan, given, stack),
            "diagnostics": [],
            "provisioningState": "succeeded",
        },
    }
    if stack:
        modified = stack["systemData"]["lastModifiedAt"]
        document["properties"]["deploymentStackLastModified"] = modified
    az.store.put("stack_whatifs", key, document)
    operation = operations.start(az, due_in=az.operation_seconds / 4)
    hidden = ("changes", "diagnostics")
    early = {k: v for k, v in document["properties"].items() if k not in hidden}
    return Reply(
        200 if existing else 201,
        {**document, "properties": {**early, "provisioningState": "creating"}},
        operations.headers(az, call, operation, "Azure-AsyncOperation"),
    )


def get(az: Sandbox, call: Call, scope: str, name: str) -> Reply:
    """Read a result."""
    return Reply(200, _find(az, scope, name))


def what_if(az: Sandbox, call: Call, scope: str, name: str) -> Reply:
    """Give a result again, by Location."""
    document = _find(az, scope, name)
    operation = operations.start(az, due_in=0, result=document)
    return Reply(202, None, operations.headers(az, call, operation, "Location"))


def delete(az: Sandbox, call: Call, scope: str, name: str) -> Reply:
    """Forget a result."""
    return Reply(200 if az.store.drop("stack_whatifs", _key(scope, name)) else 204)


def listing(az: Sandbox, call: Call, scope: str) -> Reply:
    """List a resource group's results."""
    prefix = _key(scope, "").lower()
    found = [d for k, d in az.store.all("stack_whatifs").items() if k.startswith(prefix)]
    return Reply(200, {"value": found})


def _changes(az: Sandbox, plan: Plan, given: Json, stack: Json | None) -> Json:
    properties = (stack or {}).get("properties") or {}
    managed = {r["id"].lower(): r for r in properties.get("resources", [])}
    mode = given["denySettings"]["mode"]
    found = []
    for resource in plan.resources:
        live = resources.find(az, resource.id)
        change = whatif.change(resource.id, resource.api_version, live, resource.body)
        was = managed.pop(resource.id.lower(), None)
        found.append(_resource(change, was, "managed", mode))
    deletes = given["actionOnUnmanage"].get("resources", "detach").lower() == "delete"
    for was in managed.values():
        shown = az.store.get("resources", was["id"])
        change = {"resourceId": was["id"], "changeType": "delete" if deletes else "detach"}
        if shown:
            change["before"] = whatif.visible(shown)
        found.append(_resource(change, was, "unmanaged" if not deletes else "unknown", "none"))
    return {
        "resourceChanges": found,
        "denySettingsChange": {
            "before": properties.get("denySettings"),
            "after": given["denySettings"],
            "delta": [],
        },
        "deploymentScopeChange": {
            "before": properties.get("deploymentScope"),
            "after": plan.scope,
        },
    }


def _resource(change: Json, was: Json | None, status: str, mode: str) -> Json:
    parts = parse(change["resourceId"])
    kind = LOWER.get(change["changeType"], change["changeType"])
    shown: Json = {
        "id": change["resourceId"],
        "type": parts.type if parts else "Microsoft.Resources/resourceGroups",
        "changeType": kind,
        "changeCertainty": "definite",
        "managementStatusChange": {
            "before": "managed" if was else "unmanaged",
            "after": status,
        },
        "denyStatusChange": {"before": was["denyStatus"] if was else "none", "after": mode},
        "resourceConfigurationChanges": {
            "before": change.get("before"),
            "after": change.get("after"),
            "delta": [_property(d) for d in change.get("delta", [])],
        },
    }
    if version := (change.get("after") or change.get("before") or {}).get("apiVersion"):
        shown["apiVersion"] = version
    return shown


def _property(delta: Json) -> Json:
    kind = delta["propertyChangeType"]
    shown = {k: v for k, v in delta.items() if k not in ("propertyChangeType", "children")}
    shown["changeType"] = kind[0].lower() + kind[1:]
    if "children" in delta:
        shown["children"] = [_property(child) for child in delta["children"]]
    return shown


def _key(scope: str, name: str) -> str:
    return f"{scope}/providers/Microsoft.Resources/{TYPE}/{name}"


def _find(az: Sandbox, scope: str, name: str) -> Json:
    document = az.store.get("stack_whatifs", _key(scope, name))
    if document is None:
        raise ArmError(
            404,
            "DeploymentStackWhatIfResultNotFound",
            f"The deployment stack what-if result '{name}' could not be found.",
        )
    return document
