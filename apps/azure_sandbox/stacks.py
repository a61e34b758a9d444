"""Deployment stacks at resource-group scope: validate, create, change, read, list, delete.

    creating → deploying → [deletingResources] → succeeded | failed
    deleting → gone | failed

Shapes: azure-rest-api-specs, Microsoft.Resources `deploymentStacks.json` 2024-03-01 and the SDK's
models of 2025-07-01.
"""

from __future__ import annotations

import re
from typing import Any

from apps.azure_sandbox import deployments, operations, tasks, templates
from apps.azure_sandbox.errors import ArmError, bad_request
from apps.azure_sandbox.ids import guid, parse
from apps.azure_sandbox.sandbox import Call, Reply, Sandbox, duration, stamp, system_data
from apps.azure_sandbox.templates import Plan

Json = dict[str, Any]
MOVING = ("creating", "validating", "deploying", "deletingresources", "deleting")
KEPT = (
    "parameters",
    "actionOnUnmanage",
    "denySettings",
    "description",
    "debugSetting",
    "validationLevel",
)


def key_of(scope: str, name: str) -> str:
    """Build a stack's id."""
    return f"{scope}/providers/Microsoft.Resources/deploymentStacks/{name}"


def put(az: Sandbox, call: Call, scope: str, name: str) -> Reply:
    """Create or change a stack: a deployment first, then what it no longer manages."""
    plan, given = plan_of(az, call, scope, name)
    existing = az.store.get("stacks", key_of(scope, name))
    refuse_moving(existing)
    minute = re.sub(r"\D", "", stamp(az.now())[2:16])
    plan.deployment = f"{name[:45]}-{minute}{guid()[:5]}"
    deployments.preflight(az, plan)
    operation = operations.start(az)
    stack = _document(az, call, scope, name, existing)
    begun = deployments.begin(az, plan, {**given, "mode": "Incremental"}, stack=stack["id"].lower())
    stack["properties"] |= {
        "provisioningState": "creating" if existing is None else "deploying",
        "deploymentId": begun["id"],
        "correlationId": begun["properties"]["correlationId"],
    }
    stack["properties"].pop("error", None)
    az.store.put("stacks", stack["id"], stack)
    _work(az, stack, operation=operation, started_at=az.now())
    shown = {**stack, "properties": dict(stack["properties"])}
    stack["properties"]["provisioningState"] = "deploying"
    return Reply(
        200 if existing else 201,
        shown,
        operations.headers(az, call, operation, "Azure-AsyncOperation"),
    )


def validate(az: Sandbox, call: Call, scope: str, name: str) -> Reply:
    """Check a stack's template; the answer comes by Location. `mode` is not asked for."""
    plan, given = plan_of(az, call, scope, name)
    deployments.preflight(az, plan)
    result = {
        "id": key_of(scope, name),
        "name": name,
        "type": "Microsoft.Resources/deploymentStacks",
        "properties": {
            "actionOnUnmanage": given["actionOnUnmanage"],
            "denySettings": given["denySettings"],
            "deploymentScope": scope,
            "correlationId": guid(),
            "parameters": given.get("parameters") or {},
            "validatedResources": [{"id": r.id} for r in plan.resources],
        },
    }
    operation = operations.start(az, due_in=az.operation_seconds / 4, result=result)
    return Reply(202, None, operations.headers(az, call, operation, "Location"))


def get(az: Sandbox, call: Call, scope: str, name: str) -> Reply:
    """Read a stack."""
    return Reply(200, find(az, scope, name))


def listing(az: Sandbox, call: Call, scope: str) -> Reply:
    """List the stacks of a resource group, or of all groups of a subscription."""
    prefix = f"{scope}/".lower()
    found = [s for k, s in az.store.all("stacks").items() if k.startswith(prefix)]
    return Reply(200, {"value": found})


def delete(az: Sandbox, call: Call, scope: str, name: str) -> Reply:
    """Delete a stack; its resources go too where the query says so, else they are detached."""
    stack = az.store.get("stacks", key_of(scope, name))
    if stack is None:
        return Reply(204)
    refuse_moving(stack)
    operation = operations.start(az)
    doomed: list[str] = []
    if call.query.get("unmanageaction.resources", "detach").lower() == "delete":
        doomed = [r["id"] for r in stack["properties"].get("resources", [])]
    stack["properties"] |= {"provisioningState": "deleting", "correlationId": guid()}
    _work(az, stack, operation=operation, started_at=az.now(), deleting=True)
    remove(az, stack, doomed)
    if not doomed:
        end(az, stack, az.now())
    return Reply(202, None, operations.headers(az, call, operation, "Location"))


def export_template(az: Sandbox, call: Call, scope: str, name: str) -> Reply:
    """Give the template a stack was made from."""
    stack = find(az, scope, name)
    entry = az.store.get("deployments", stack["properties"]["deploymentId"]) or {}
    return Reply(200, {"template": entry["given"]["template"]})


def plan_of(az: Sandbox, call: Call, scope: str, name: str) -> tuple[Plan, Json]:
    """Read a stack's body: actionOnUnmanage, denySettings and a template are required."""
    given = call.content().get("properties")
    if not isinstance(given, dict):
        raise bad_request("The request content was invalid: 'properties' is required.")
    for need in ("actionOnUnmanage", "denySettings"):
        if not isinstance(given.get(need), dict):
            raise bad_request(f"The request content was invalid: 'properties.{need}' is required.")
    templates.group_of(az, scope)
    return templates.expand(az, scope, name, given), given


def find(az: Sandbox, scope: str, name: str) -> Json:
    """Find a stack, or say that there is none."""
    stack = az.store.get("stacks", key_of(scope, name))
    if stack is None:
        raise ArmError(
            404, "DeploymentStackNotFound", f"The deployment stack '{name}' could not be found."
        )
    return stack


def refuse_moving(stack: Json | None) -> None:
    """Refuse to touch a stack that is at work."""
    if stack and stack["properties"]["provisioningState"].lower() in MOVING:
        raise ArmError(
            409,
            "DeploymentStackInNonTerminalState",
            f"The deployment stack '{stack['id']}' is in a non-terminal provisioning state "
            f"'{stack['properties']['provisioningState']}'. Please wait and try again.",
        )


def on_deployment(az: Sandbox, entry: Json, at: float) -> None:
    """Go on when the stack's deployment is over."""
    stack = az.store.get("stacks", entry["stack"])
    if stack is None:
        return
    properties = stack["properties"]
    done = entry["document"]["properties"]
    before = {r["id"].lower(): r for r in properties.get("resources", [])}
    made = {r["id"].lower(): r["id"] for r in done["outputResources"]}
    if done["provisioningState"] == "Failed":
        properties["resources"] = _managed(az, stack, [*made.values(), *_ids(before, made)])
        properties["failedResources"] = _failed(az, entry)
        fail(az, stack, at, "DeploymentStackDeploymentFailed", "deployed", [done["error"]])
        return
    properties["outputs"] = done.get("outputs", {})
    properties["resources"] = _managed(az, stack, list(made.values()))
    properties |= {"failedResources": [], "deletedResources": [], "detachedResources": []}
    left = _ids(before, made)
    if left and properties["actionOnUnmanage"]["resources"].lower() == "delete":
        properties["provisioningState"] = "deletingResources"
        remove(az, stack, left)
        return
    properties["detachedResources"] = [{"id": i} for i in left]
    end(az, stack, at)


def on_delete_task(az: Sandbox, task: Json, at: float) -> None:
    """Go on when a resource of the stack has been deleted or could not be."""
    stack = az.store.get("stacks", task["stack"])
    work = az.store.get("stack_work", task["stack"])
    if stack is None or work is None:
        return
    every = [t for i in work["tasks"] if (t := tasks.find(az, i))]
    if any(t["state"] not in tasks.ENDED for t in every):
        return
    gone = {t["resource"].lower() for t in every if t["state"] == "succeeded"}
    failed = [t for t in every if t["state"] == "failed"]
    properties = stack["properties"]
    properties["deletedResources"] = [{"id": t["resource"]} for t in every if t not in failed]
    if failed:
        properties["failedResources"] = [{"id": t["resource"], "error": t["error"]} for t in failed]
        errors = [t["error"] for t in failed]
        fail(az, stack, at, "DeploymentStackDeleteResourcesFailed", "deleted", errors)
        return
    properties["resources"] = [
        r for r in properties.get("resources", []) if r["id"].lower() not in gone
    ]
    end(az, stack, at)


def remove(az: Sandbox, stack: Json, doomed: list[str]) -> None:
    """Queue deletions, children before parents, one after the other."""
    after: list[str] = []
    found: list[str] = []
    for identity in sorted(doomed, key=lambda i: -i.count("/")):
        task = tasks.add(az, "DELETE", identity, after=after, stack=stack["id"])
        after = [task["id"]]
        found.append(task["id"])
    work = az.store.get("stack_work", stack["id"]) or {}
    az.store.put("stack_work", stack["id"], {**work, "tasks": found})
    az.store.put("stacks", stack["id"], stack)


def end(az: Sandbox, stack: Json, at: float) -> None:
    """Finish what the stack was doing."""
    work = az.store.drop("stack_work", stack["id"]) or {}
    if work.get("deleting"):
        az.store.drop("stacks", stack["id"])
    else:
        stack["properties"] |= {
            "provisioningState": "succeeded",
            "duration": duration(at - work["started_at"]),
        }
        az.store.put("stacks", stack["id"], stack)
    operations.finish(az, work.get("operation"), at)


def fail(az: Sandbox, stack: Json, at: float, code: str, what: str, details: list[Json]) -> None:
    """Leave a stack failed, with the cause nested as Azure nests it."""
    work = az.store.drop("stack_work", stack["id"]) or {}
    properties = stack["properties"]
    error = {
        "code": code,
        "message": f"One or more resources could not be {what}. Correlation id: "
        f"'{properties['correlationId']}'.",
        "details": details,
    }
    properties |= {
        "provisioningState": "failed",
        "error": error,
        "duration": duration(at - work.get("started_at", at)),
    }
    az.store.put("stacks", stack["id"], stack)
    operations.finish(az, work.get("operation"), at, error=error, status=409)


def _document(az: Sandbox, call: Call, scope: str, name: str, existing: Json | None) -> Json:
    body = call.content()
    given = body["properties"]
    kept = {k: given[k] for k in KEPT if k in given}
    old = (existing or {}).get("properties") or {}
    carried = {k: old[k] for k in ("resources", "outputs") if k in old}
    document: Json = {
        "id": key_of(scope, name),
        "name": name,
        "type": "Microsoft.Resources/deploymentStacks",
        "tags": body.get("tags") or {},
        "systemData": system_data(az.now(), existing),
        "properties": {**carried, **kept, "deploymentScope": scope},
    }
    document["properties"].setdefault("parameters", {})
    document["location"] = templates.group_of(az, scope)["location"]
    return document


def _work(az: Sandbox, stack: Json, **what: Any) -> None:
    az.store.put("stack_work", stack["id"], {"tasks": [], **what})


def _managed(az: Sandbox, stack: Json, ids: list[str]) -> list[Json]:
    mode = stack["properties"]["denySettings"]["mode"]
    return [
        {"id": i, "status": "managed", "denyStatus": mode, "type": parts.type}
        for i in ids
        if (parts := parse(i)) and az.store.get("resources", i)
    ]


def _failed(az: Sandbox, entry: Json) -> list[Json]:
    every = [t for i in entry["tasks"] if (t := tasks.find(az, i))]
    return [{"id": t["resource"], "error": t["error"]} for t in every if t["state"] == "failed"]


def _ids(before: dict[str, Json], made: dict[str, str]) -> list[str]:
    return [r["id"] for key, r in before.items() if key not in made]
