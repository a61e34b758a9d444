"""What a deployment did and does, resource by resource (`…/deployments/{name}/operations`).

Shape: azure-rest-api-specs, Microsoft.Resources 2024-03-01, `DeploymentOperation`.
"""

from __future__ import annotations

from typing import Any

from apps.azure_sandbox import tasks
from apps.azure_sandbox.deployments import entry_of
from apps.azure_sandbox.errors import ArmError
from apps.azure_sandbox.ids import guid, required
from apps.azure_sandbox.sandbox import Call, Reply, Sandbox, duration, stamp

Json = dict[str, Any]
HTTP_WORDS = {
    400: "BadRequest",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    429: "TooManyRequests",
    500: "InternalServerError",
}


def listing(az: Sandbox, call: Call, scope: str, name: str) -> Reply:
    """List what a deployment did and does, one entry per resource that has begun."""
    entry = entry_of(az, scope, name)
    every = [found for t in entry["tasks"] if (found := tasks.find(az, t))]
    value = [_operation(az, entry, t) for t in every if t["started_at"] is not None]
    if entry["document"]["properties"]["provisioningState"] == "Succeeded":
        value.append(_outputs_operation(entry))
    return Reply(200, {"value": value})


def get(az: Sandbox, call: Call, scope: str, name: str, operation: str) -> Reply:
    """Read one operation of a deployment."""
    for item in listing(az, call, scope, name).body["value"]:
        if item["operationId"].lower() == operation.lower():
            return Reply(200, item)
    raise ArmError(
        404,
        "DeploymentOperationNotFound",
        f"Deployment operation '{operation}' could not be found.",
    )


def _operation(az: Sandbox, entry: Json, task: Json) -> Json:
    at = task["ended_at"] or az.now()
    state = {"running": "Running", "succeeded": "Succeeded"}.get(task["state"], "Failed")
    parts = required(task["resource"])
    word = "Accepted" if state == "Running" else "Created" if task["created"] else "OK"
    properties: Json = {
        "provisioningOperation": "Create",
        "provisioningState": state,
        "timestamp": stamp(at),
        "duration": duration(at - task["started_at"]),
        "serviceRequestId": guid(task["id"], "request"),
        "statusCode": HTTP_WORDS.get(task["http"], "Conflict") if state == "Failed" else word,
        "targetResource": {
            "id": parts.text,
            "resourceType": parts.type,
            "resourceName": "/".join(parts.names),
        },
    }
    if task["error"]:
        properties["statusMessage"] = {"error": task["error"]}
    identity = task["id"].replace("-", "")[:16].upper()
    return {
        "id": f"{entry['document']['id']}/operations/{identity}",
        "operationId": identity,
        "properties": properties,
    }


def _outputs_operation(entry: Json) -> Json:
    identity = entry["run"].replace("-", "")[:20]
    return {
        "id": f"{entry['document']['id']}/operations/{identity}",
        "operationId": identity,
        "properties": {
            "provisioningOperation": "EvaluateDeploymentOutput",
            "provisioningState": "Succeeded",
            "timestamp": entry["document"]["properties"]["timestamp"],
            "duration": "PT0.05S",
            "serviceRequestId": guid(entry["run"], "request"),
            "statusCode": "OK",
        },
    }
