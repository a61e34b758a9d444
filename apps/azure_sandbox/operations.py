"""Asynchronous operations in both header styles: `Azure-AsyncOperation` and `Location`.

https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
"""

from __future__ import annotations

from typing import Any

from apps.azure_sandbox.errors import ArmError
from apps.azure_sandbox.ids import guid
from apps.azure_sandbox.sandbox import Call, Reply, Sandbox, stamp

Json = dict[str, Any]


def start(az: Sandbox, *, due_in: float | None = None, result: Any = None) -> str:
    """Open an operation and give its id; with `due_in` it ends by itself with `result`."""
    now = az.now()
    document = {"status": "Running", "started_at": now, "ended_at": None, "error": None}
    document |= {"due_at": None if due_in is None else now + due_in, "result": result}
    identity = guid()
    az.store.put("running", identity, document)
    return identity


def finish(
    az: Sandbox, identity: str | None, at: float, *, error: Json | None = None, status: int = 0
) -> None:
    """End an operation; `status` is the HTTP status its failure is told with by Location."""
    document = az.store.drop("running", identity or "")
    if document is None:
        return
    document |= {
        "status": "Failed" if error else "Succeeded",
        "ended_at": at,
        "error": error,
        "http": status,
    }
    az.store.put("operations", identity or "", document)


def headers(az: Sandbox, call: Call, identity: str, *styles: str) -> dict[str, str]:
    """Point a client to an operation by the header styles named."""
    subscription = call.path.split("/")[2]
    base = f"{az.url}/subscriptions/{subscription}/providers/Microsoft.Resources/locations/global"
    version = f"?api-version={call.api_version}"
    places = {
        "Azure-AsyncOperation": f"{base}/operationStatuses/{identity}{version}",
        "Location": f"{base}/operationresults/{identity}{version}",
    }
    return {**{s: places[s] for s in styles}, "Retry-After": az.retry_after}


def status(az: Sandbox, call: Call, identity: str) -> Reply:
    """Answer a poll by Azure-AsyncOperation: always 200, the state is in the body."""
    document = _find(az, identity)
    body: Json = {
        "id": call.path,
        "name": identity,
        "status": document["status"],
        "startTime": stamp(document["started_at"]),
    }
    if document["status"] == "Running":
        return Reply(200, body, {"Retry-After": az.retry_after})
    body["endTime"] = stamp(document["ended_at"])
    if document["error"]:
        body["error"] = document["error"]
    return Reply(200, body)


def result(az: Sandbox, call: Call, identity: str) -> Reply:
    """Answer a poll by Location: 202 while it runs, then the result itself."""
    document = _find(az, identity)
    if document["status"] == "Running":
        return Reply(202, None, headers(az, call, identity, "Location"))
    if document["error"]:
        return Reply(document.get("http") or 409, {"error": document["error"]})
    if document["result"] is None:
        return Reply(200)
    return Reply(200, document["result"])


def advance(az: Sandbox, now: float) -> None:
    """End the operations that end by themselves."""
    for identity, document in list(az.store.all("running").items()):
        if document["due_at"] is not None and document["due_at"] <= now:
            finish(az, identity, document["due_at"])


def _find(az: Sandbox, identity: str) -> Json:
    document = az.store.get("running", identity) or az.store.get("operations", identity)
    if document is None:
        raise ArmError(404, "NotFound", f"The operation '{identity}' could not be found.")
    return document
