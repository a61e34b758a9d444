"""Any resource by its id: GET, HEAD, PUT, PATCH, DELETE, and lists of children.

Accounts and model deployments are made asynchronously (201 and `Azure-AsyncOperation`), deleted
with 202 and both header styles; everything else at once.
"""

from __future__ import annotations

import copy
from typing import Any

from apps.azure_sandbox import engine, operations, resources, tasks
from apps.azure_sandbox.errors import ArmError, bad_request, group_not_found, resource_not_found
from apps.azure_sandbox.errors import not_implemented as unknown
from apps.azure_sandbox.ids import SPELLING, ResourceId, parse, required, split
from apps.azure_sandbox.sandbox import Call, Reply, Sandbox

Json = dict[str, Any]


def get(az: Sandbox, call: Call) -> Reply:
    """Read a resource, or list the children of a type."""
    rid = parse(call.path)
    if rid is None:
        return _children(az, call)
    _known(rid)
    return Reply(200, _live(az, rid), _etag(_live(az, rid)))


def head(az: Sandbox, call: Call) -> Reply:
    """Say whether a resource exists."""
    return Reply(204 if az.store.get("resources", required(call.path).key) else 404)


def put(az: Sandbox, call: Call) -> Reply:
    """Create or replace a resource."""
    rid = required(call.path)
    if call.body is None:
        raise bad_request("The request body is empty.")
    return _write(az, call, rid, call.body)


def patch(az: Sandbox, call: Call) -> Reply:
    """Change parts of a resource: objects merge, anything else is replaced."""
    rid = required(call.path)
    live = copy.deepcopy(_live(az, rid))
    for name in ("etag", "systemData", "id", "name", "type"):
        live.pop(name, None)
    return _write(az, call, rid, _merge(live, call.content()))


def delete(az: Sandbox, call: Call) -> Reply:
    """Delete a resource; 204 where there is none."""
    rid = required(call.path)
    _known(rid)
    if az.store.get("resources", rid.key) is None:
        return Reply(204)
    _check_match(call, _live(az, rid))
    resources.check_locks(az, rid.key, "delete")
    resources.check_deny(az, rid.key, "delete")
    if rid.kind not in resources.SLOW:
        resources.remove(az, rid, az.now())
        return Reply(200)
    if tasks.busy(az, rid.key):
        raise tasks.conflict(rid)
    operation = operations.start(az)
    tasks.add(az, "DELETE", rid.text, operation=operation)
    styles = ("Azure-AsyncOperation", "Location")
    return Reply(202, None, operations.headers(az, call, operation, *styles))


def _write(az: Sandbox, call: Call, rid: ResourceId, body: Json) -> Reply:
    _known(rid)
    resources.check_place(az, rid)
    resources.check_locks(az, rid.key, "write")
    resources.check_deny(az, rid.key, "write")
    resources.check(az, rid, body)
    before = az.store.get("resources", rid.key)
    _check_match(call, before or {})
    if rid.kind not in resources.SLOW:
        resources.write(az, rid, body, az.now(), state="Succeeded")
        return Reply(200 if before else 201, _live(az, rid))
    if tasks.busy(az, rid.key):
        raise tasks.conflict(rid)
    operation = operations.start(az)
    tasks.add(az, "PUT", rid.text, body=body, operation=operation)
    engine.advance(az)
    if call.method == "PATCH":
        styles = ("Azure-AsyncOperation", "Location")
        return Reply(202, None, operations.headers(az, call, operation, *styles))
    headers = operations.headers(az, call, operation, "Azure-AsyncOperation")
    return Reply(200 if before else 201, _live(az, rid), {**headers, **_etag(_live(az, rid))})


def _children(az: Sandbox, call: Call) -> Reply:
    """List `{scope}/providers/{ns}/{type}` or `{resource}/{type}`, at group or subscription."""
    parent, _, word = call.path.rpartition("/")
    owner = parse(parent)
    if owner is not None:
        _known(owner)
        _live(az, owner)
        kind, scope = f"{owner.type}/{word}", parent
    else:
        scope, rest = split(call.path)
        if rest.count("/") != 1:
            raise unknown(f"{call.method} {call.path}")
        kind = rest
    kind = SPELLING.get(kind.lower(), kind)
    if kind.split("/")[0].lower() not in {n.lower() for n in resources.NAMESPACES}:
        raise unknown(f"the resource provider of {kind}")
    in_group = "/resourcegroups/" in scope.lower() and owner is None
    if in_group and az.store.get("groups", scope) is None:
        raise group_not_found(scope.rsplit("/", 1)[1])
    prefix = f"{scope}/".lower()
    found_all = [
        r
        for k, r in az.store.all("resources").items()
        if k.startswith(prefix) and r["type"].lower() == kind.lower()
    ]
    return Reply(200, {"value": found_all})


def _live(az: Sandbox, rid: ResourceId) -> Json:
    document = az.store.get("resources", rid.key)
    if document is None:
        if rid.group and az.store.get("groups", split(rid.text)[0]) is None:
            raise group_not_found(rid.group)
        raise resource_not_found(rid.type, "/".join(rid.names), rid.group)
    return document


def _check_match(call: Call, document: Json) -> None:
    """Refuse a write that was meant for another state of the resource (If-Match)."""
    wanted = call.headers.get("if-match", "*")
    if wanted not in ("*", document.get("etag")):
        raise ArmError(412, "PreconditionFailed", "The ETag given does not match the resource's.")


def _etag(document: Json) -> dict[str, str]:
    return {"ETag": document["etag"]} if "etag" in document else {}


def _merge(old: Json, new: Json) -> Json:
    merged = dict(old)
    for name, value in new.items():
        both = isinstance(value, dict) and isinstance(old.get(name), dict) and name != "tags"
        merged[name] = _merge(old[name], value) if both else value
    return merged


def _known(rid: ResourceId) -> None:
    space = rid.type.split("/")[0]
    if space.lower() not in {n.lower() for n in resources.NAMESPACES}:
        raise unknown(f"the resource provider {space}")
    if space.lower() == "microsoft.resources":
        raise unknown(f"the resource type {rid.type}")
