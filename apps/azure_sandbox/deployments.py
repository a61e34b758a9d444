"""Deployments at resource-group and subscription scope: validate, create, read, list, operations.

Shapes: azure-rest-api-specs, Microsoft.Resources 2024-03-01 (`resources.json`), used by the SDK at
2025-04-01. Quota, model and SKU errors show at preflight, before anything is made.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

from apps.azure_sandbox import faults, operations, resources, tasks, templates, whatif
from apps.azure_sandbox.errors import ArmError, bad_request
from apps.azure_sandbox.errors import not_implemented as unknown
from apps.azure_sandbox.ids import ACCOUNTS, guid, parse, region, required
from apps.azure_sandbox.parameters import spelled
from apps.azure_sandbox.sandbox import Call, Reply, Sandbox, duration, stamp
from apps.azure_sandbox.templates import Plan

Json = dict[str, Any]
FAILED = (
    "At least one resource deployment operation failed. Please list deployment operations for "
    "details. Please see https://aka.ms/arm-deployment-operations for usage details."
)


def put(az: Sandbox, call: Call, scope: str, name: str) -> Reply:
    """Accept a deployment; its resources follow."""
    properties = _properties(call, scope)
    key = f"{scope}/providers/Microsoft.Resources/deployments/{name}"
    existing = az.store.get("deployments", key)
    if existing and existing["document"]["properties"]["provisioningState"] in (
        "Accepted",
        "Running",
    ):
        raise ArmError(
            409,
            "DeploymentActive",
            f"Unable to edit or replace deployment '{name}': previous deployment is still active.",
        )
    plan = templates.expand(az, scope, name, properties)
    preflight(az, plan)
    operation = operations.start(az)
    document = begin(az, plan, properties, operation=operation, location=call.content())
    return Reply(201, document, operations.headers(az, call, operation, "Azure-AsyncOperation"))


def begin(
    az: Sandbox,
    plan: Plan,
    given: Json,
    *,
    operation: str = "",
    stack: str = "",
    location: Json | None = None,
) -> Json:
    """Keep a deployment, queue a task for each of its resources, and show it as accepted."""
    if given.get("mode", "Incremental").lower() != "incremental":
        raise unknown("deployments in Complete mode")
    document = _document(az, plan, given)
    for field in ("location", "tags"):
        if location and location.get(field):
            document[field] = location[field]
    key = document["id"]
    entry = {
        "scope": plan.scope,
        "given": given,
        "document": document,
        "operation": operation,
        "stack": stack,
        "started_at": az.now(),
        "run": guid(),
    }
    ids: dict[str, str] = {}
    for resource in plan.resources:
        task = tasks.add(
            az,
            "PUT",
            resource.id,
            body=resource.body,
            source=resource.source,
            after=[ids[i] for i in resource.after],
            deployment=key,
        )
        ids[resource.id.lower()] = task["id"]
    entry["tasks"] = list(ids.values())
    az.store.put("deployments", key, entry)
    if not ids:
        az.store.put("empty", key, {})
    accepted = {**document, "properties": dict(document["properties"])}
    document["properties"]["provisioningState"] = "Running"
    return accepted


def validate(az: Sandbox, call: Call, scope: str, name: str) -> Reply:
    """Check a template and what its resource providers would say; nothing is made."""
    properties = _properties(call, scope)
    plan = templates.expand(az, scope, name, properties)
    preflight(az, plan)
    document = _document(az, plan, properties)
    document["properties"] |= {
        "provisioningState": "Succeeded",
        "validatedResources": [{"id": r.id} for r in plan.resources],
    }
    return Reply(200, document)


def what_if(az: Sandbox, call: Call, scope: str, name: str) -> Reply:
    """Accept a what-if; its result comes by Location, with a 200 also when it failed."""
    properties = _properties(call, scope)
    if properties["mode"].lower() != "incremental":
        raise unknown("what-if in Complete mode")
    plan = templates.expand(az, scope, name, properties)
    full = (properties.get("whatIfSettings") or {}).get("resultFormat") != "ResourceIdOnly"
    changes = whatif.changes(az, plan, full=full)
    result: Json = {"status": "Succeeded", "properties": {"changes": changes}}
    if refused := faults.match_operation(az, "WHATIF", name):
        result = {"status": "Failed", "error": refused.error}
    operation = operations.start(az, due_in=az.operation_seconds / 4, result=result)
    return Reply(202, None, operations.headers(az, call, operation, "Location"))


def preflight(az: Sandbox, plan: Plan) -> None:
    """Ask every resource provider before the deployment starts, as Azure does."""
    if plan.unsupported:
        kind, name = plan.unsupported[0]
        raise bad_request(
            f"The name '{name}' of a {kind} cannot use reference().", "InvalidTemplate"
        )
    planned: Counter[str] = Counter()
    locations = {
        r.id.lower(): region(str(r.body.get("location", "")))
        for r in plan.resources
        if (parts := parse(r.id)) and parts.kind == ACCOUNTS
    }
    details = []
    if "/resourcegroups/" in plan.scope.lower():
        templates.group_of(az, plan.scope)
    for resource in plan.resources:
        rid = parse(resource.id)
        try:
            if rid is not None:
                resources.check_locks(az, rid.key, "write")
                resources.check(az, rid, resource.body, planned, locations)
        except ArmError as error:
            if error.status >= 500:
                raise
            details.append(error.error)
    if details:
        raise invalid_deployment(plan.deployment, details)


def invalid_deployment(name: str, details: list[Json]) -> ArmError:
    """Say that preflight refuses a deployment."""
    return ArmError(
        400,
        "InvalidTemplateDeployment",
        f"The template deployment '{name}' is not valid according to the validation procedure. "
        f"The tracking id is '{guid()}'. See inner errors for details.",
        details=details,
    )


def get(az: Sandbox, call: Call, scope: str, name: str) -> Reply:
    """Read a deployment."""
    return Reply(200, entry_of(az, scope, name)["document"])


def head(az: Sandbox, call: Call, scope: str, name: str) -> Reply:
    """Say whether a deployment exists."""
    key = f"{scope}/providers/Microsoft.Resources/deployments/{name}"
    return Reply(204 if az.store.get("deployments", key) else 404)


def delete(az: Sandbox, call: Call, scope: str, name: str) -> Reply:
    """Forget a deployment; its resources stay."""
    key = f"{scope}/providers/Microsoft.Resources/deployments/{name}"
    if az.store.drop("deployments", key) is None:
        return Reply(204)
    operation = operations.start(az, due_in=0)
    return Reply(202, None, operations.headers(az, call, operation, "Location"))


def listing(az: Sandbox, call: Call, scope: str) -> Reply:
    """List the deployments of a scope, newest first."""
    prefix = f"{scope}/providers/microsoft.resources/deployments/".lower()
    found = [e for k, e in az.store.all("deployments").items() if k.startswith(prefix)]
    found.sort(key=lambda e: -e["started_at"])
    return Reply(200, {"value": [e["document"] for e in found]})


def entry_of(az: Sandbox, scope: str, name: str) -> Json:
    """Find a deployment's record, or say that there is none."""
    entry = az.store.get("deployments", f"{scope}/providers/Microsoft.Resources/deployments/{name}")
    if entry is None:
        raise ArmError(404, "DeploymentNotFound", f"Deployment '{name}' could not be found.")
    return entry


def on_task(az: Sandbox, entry: Json, at: float) -> bool:
    """Bring a deployment up to date with its tasks; say whether it is over."""
    every = [t for i in entry["tasks"] if (t := tasks.find(az, i))]
    properties = entry["document"]["properties"]
    if any(t["state"] not in tasks.ENDED for t in every):
        return False
    failed = [t for t in every if t["state"] == "failed"]
    properties |= {"timestamp": stamp(at), "duration": duration(at - entry["started_at"])}
    error = _failure(entry, [t["error"] for t in failed]) if failed else None
    if error is None:
        try:
            plan = templates.expand(az, entry["scope"], entry["document"]["name"], entry["given"])
            properties["outputs"] = templates.outputs(az, plan)
        except ArmError as wrong:
            error = _failure(entry, [wrong.error])
    properties["provisioningState"] = "Failed" if error else "Succeeded"
    properties["outputResources"] = [
        {"id": t["resource"]} for t in every if t["state"] == "succeeded"
    ]
    if error:
        properties["error"] = error
    az.store.put("deployments", entry["document"]["id"], entry)
    operations.finish(az, entry["operation"], at, error=error)
    return True


def _failure(entry: Json, details: list[Json]) -> Json:
    return {
        "code": "DeploymentFailed",
        "target": entry["document"]["id"],
        "message": FAILED,
        "details": details,
    }


def _properties(call: Call, scope: str) -> Json:
    properties = call.content().get("properties")
    if "/resourcegroups/" not in scope.lower() and not call.content().get("location"):
        raise bad_request("The 'location' property is required at this scope.", "LocationRequired")
    if not isinstance(properties, dict):
        raise bad_request("The request content was invalid: 'properties' is required.")
    if "mode" not in properties:
        raise bad_request("The request content was invalid: 'properties.mode' is required.")
    return properties


def _document(az: Sandbox, plan: Plan, given: Json) -> Json:
    declared = plan.template.get("parameters") or {}
    shown: Json = {}
    for name, value in plan.parameters.items():
        kind = spelled(declared[name]["type"])
        shown[name] = {"type": kind} | ({} if kind.startswith("Secure") else {"value": value})
    kinds: dict[str, dict[str, list[str]]] = {}
    for resource in plan.resources:
        if parts := parse(resource.id):
            space, kind = parts.type.split("/", 1)
            where = resource.body.get("location")
            kinds.setdefault(space, {}).setdefault(kind, [where] if where else [])
    digest = hashlib.sha256(json.dumps(plan.template, sort_keys=True).encode()).hexdigest()
    return {
        "id": f"{plan.scope}/providers/Microsoft.Resources/deployments/{plan.deployment}",
        "name": plan.deployment,
        "type": "Microsoft.Resources/deployments",
        "properties": {
            "templateHash": str(int(digest[:15], 16)),
            "parameters": shown,
            "mode": given.get("mode", "Incremental"),
            "provisioningState": "Accepted",
            "timestamp": stamp(az.now()),
            "duration": "PT0S",
            "correlationId": guid(),
            "providers": [
                {
                    "namespace": space,
                    "resourceTypes": [
                        {"resourceType": kind, "locations": where} for kind, where in found.items()
                    ],
                }
                for space, found in kinds.items()
            ],
            "dependencies": _dependencies(plan),
        },
    }


def _dependencies(plan: Plan) -> list[Json]:
    def basic(identity: str) -> Json:
        parts = required(identity)
        return {
            "id": parts.text,
            "resourceType": parts.type,
            "resourceName": "/".join(parts.names),
        }

    by_key = {r.id.lower(): r.id for r in plan.resources}
    return [
        {"dependsOn": [basic(by_key[a]) for a in r.after], **basic(r.id)}
        for r in plan.resources
        if r.after and parse(r.id)
    ]
