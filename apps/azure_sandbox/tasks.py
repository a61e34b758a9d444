"""The work Azure does after it has answered: one task per resource made, changed or deleted.

    waiting → running → succeeded | failed
    waiting → skipped              (something it depends on failed)

Time moves only when a request comes in: `advance` first does everything that was due until then, at
the times it was due. So work survives a restart, and nothing runs in the background.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apps.azure_sandbox import faults, operations, resources, templates
from apps.azure_sandbox.errors import ArmError, known
from apps.azure_sandbox.ids import ResourceId, guid, required
from apps.azure_sandbox.resources import SLOW
from apps.azure_sandbox.sandbox import Sandbox
from apps.azure_sandbox.templates import Plan

Json = dict[str, Any]
Ended = Callable[[Sandbox, Json, float], None]
ENDED = ("succeeded", "failed", "skipped")


def add(
    az: Sandbox,
    verb: str,
    resource: str,
    *,
    body: Json | None = None,
    after: list[str] | None = None,
    deployment: str = "",
    stack: str = "",
    operation: str = "",
    source: Json | None = None,
) -> Json:
    """Queue a task: PUT, DELETE or PURGE of a resource, after the tasks named.

    `source` is the template's resource, filled in when the task begins.
    """
    task: Json = {
        "id": guid(),
        "verb": verb,
        "resource": resource,
        "body": body,
        "source": source,
        "after": after or [],
        "deployment": deployment.lower(),
        "stack": stack.lower(),
        "operation": operation,
        "state": "waiting",
        "queued_at": az.now(),
        "started_at": None,
        "due_at": None,
        "ended_at": None,
        "error": None,
        "http": 0,
        "created": False,
    }
    return az.store.put("tasks", task["id"], task)


def find(az: Sandbox, identity: str) -> Json | None:
    """Find a task, whether it is still at work or over."""
    return az.store.get("tasks", identity) or az.store.get("history", identity)


def advance(az: Sandbox, now: float, ended: Ended) -> None:
    """Do all that was due until now; `ended` hears of every task that is over."""
    operations.advance(az, now)
    while True:
        running = [t for t in az.store.all("tasks").values() if t["state"] == "running"]
        due = sorted((t for t in running if t["due_at"] <= now), key=lambda t: t["due_at"])
        if due:
            _finish(az, due[0])
            _close(az, due[0], ended)
        elif not _begin_ready(az, now, ended):
            return


def _begin_ready(az: Sandbox, now: float, ended: Ended) -> bool:
    """Begin tasks whose predecessors are over; say whether anything happened."""
    for task in list(az.store.all("tasks").values()):
        if task["state"] != "waiting":
            continue
        before = [found for t in task["after"] if (found := find(az, t))]
        if any(t["state"] in ("failed", "skipped") for t in before):
            task["state"], task["ended_at"] = "skipped", max(t["ended_at"] or 0 for t in before)
            _close(az, task, ended)
            return True
        if all(t["state"] == "succeeded" for t in before):
            at = max([t["ended_at"] for t in before], default=task["queued_at"])
            _begin(az, task, at)
            if task["state"] in ENDED:
                _close(az, task, ended)
            return True
    return False


def _begin(az: Sandbox, task: Json, at: float) -> None:
    rid = required(task["resource"])
    task["started_at"] = at
    try:
        _check_busy(az, rid, task)
        if task["verb"] == "PUT":
            _begin_put(az, rid, task, at)
        elif task["verb"] == "DELETE":
            _begin_delete(az, rid, task)
    except ArmError as error:
        _fail(task, error, at)
        return
    task["state"], task["due_at"] = "running", at + az.operation_seconds
    az.store.put("tasks", task["id"], task)


def _begin_put(az: Sandbox, rid: ResourceId, task: Json, at: float) -> None:
    resources.check_locks(az, rid.key, "write")
    resources.check_deny(az, rid.key, "write", by=_stack(az, task))
    resources.check_place(az, rid)
    if task["source"] is not None:
        task["body"] = templates.fill(az, _plan(az, task), task["source"])
    resources.check(az, rid, task["body"])
    before = resources.find(az, rid.key)
    task["before"], task["created"] = before, before is None
    state = "Accepted" if before else "Creating"
    resources.write(az, rid, task["body"], at, state=state)


def _begin_delete(az: Sandbox, rid: ResourceId, task: Json) -> None:
    resources.check_locks(az, rid.key, "delete")
    resources.check_deny(az, rid.key, "delete", by=task["stack"])
    document = az.store.get("resources", rid.key)
    if document is not None and rid.kind in SLOW:
        document["properties"]["provisioningState"] = "Deleting"
        az.store.put("resources", rid.key, document)


def _finish(az: Sandbox, task: Json) -> None:
    rid, at = required(task["resource"]), task["due_at"]
    fault = faults.match_operation(az, task["verb"], rid.text)
    if fault is not None:
        _undo(az, rid, task)
        _fail(task, fault, at)
        return
    if task["verb"] == "PUT":
        resources.settle(az, rid)
    elif task["verb"] == "DELETE":
        resources.remove(az, rid, at)
    else:
        az.store.drop("deleted", rid.key)
    task["state"], task["ended_at"] = "succeeded", at


def _undo(az: Sandbox, rid: ResourceId, task: Json) -> None:
    if task["verb"] == "PUT" and task["created"]:
        az.store.drop("resources", rid.key)
    elif task["verb"] == "PUT":
        az.store.put("resources", rid.key, task["before"])
    else:
        resources.settle(az, rid)


def _fail(task: Json, error: ArmError, at: float) -> None:
    task |= {"state": "failed", "ended_at": at, "error": error.error, "http": error.status}


def _close(az: Sandbox, task: Json, ended: Ended) -> None:
    task.pop("before", None)
    az.store.drop("tasks", task["id"])
    az.store.put("history", task["id"], task)
    operations.finish(
        az, task["operation"], task["ended_at"], error=task["error"], status=task["http"]
    )
    ended(az, task, task["ended_at"])


def busy(az: Sandbox, key: str) -> bool:
    """Tell whether a write is going on in an account or one of its deployments."""
    root = required(key).root
    return any(
        t["state"] == "running" and required(t["resource"]).root == root
        for t in az.store.all("tasks").values()
        if required(t["resource"]).kind in SLOW
    )


def _check_busy(az: Sandbox, rid: ResourceId, task: Json) -> None:
    if rid.kind in SLOW and busy(az, rid.key):
        raise conflict(rid)


def conflict(rid: ResourceId) -> ArmError:
    """Say that the parent is busy, in Azure's words."""
    parent = rid.parent or rid.text
    return known(
        "RequestConflict",
        f"Another operation is being performed on the parent resource '{parent}'. Please try "
        "again later.",
    )


def _stack(az: Sandbox, task: Json) -> str:
    return str((az.store.get("deployments", task["deployment"]) or {}).get("stack", ""))


def _plan(az: Sandbox, task: Json) -> Plan:
    deployment = az.store.get("deployments", task["deployment"]) or {}
    return templates.expand(
        az, deployment["scope"], deployment["document"]["name"], deployment["given"]
    )
