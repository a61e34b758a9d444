"""The sandbox's own door, `/_sandbox/…`: look inside, order faults, set limits, change by hand.

GET    /_sandbox/state                what is there, in numbers
POST   /_sandbox/faults               order a fault (see faults.py), or {"operation_seconds": x}
DELETE /_sandbox/faults               forget all faults
POST   /_sandbox/settings             operation_seconds, retry_after
POST   /_sandbox/quota                subscription, region, meter + limit and / or used
POST   /_sandbox/capacity             region, sku, model, capacity
POST   /_sandbox/drift                id, path, value: change a resource as by hand
POST   /_sandbox/clear                forget faults, set limits, use and capacity
POST   /_sandbox/reset                forget everything but the settings
"""

from __future__ import annotations

from typing import Any

from apps.azure_sandbox import faults
from apps.azure_sandbox.errors import ArmError, bad_request
from apps.azure_sandbox.errors import not_implemented as unknown
from apps.azure_sandbox.ids import guid
from apps.azure_sandbox.sandbox import SUBSCRIPTIONS, Call, Reply, Sandbox

Json = dict[str, Any]
COUNTED = (
    "groups",
    "resources",
    "deleted",
    "deployments",
    "stacks",
    "tasks",
    "running",
    "faults",
    "secrets",
    "refused",
)


def handle(az: Sandbox, call: Call) -> Reply:
    """Answer a call below `/_sandbox`."""
    door = DOORS.get((call.method, call.path.removeprefix("/_sandbox/")))
    if door is None:
        raise unknown(f"{call.method} {call.path}")
    return Reply(200, door(az, call.content()))


def state(az: Sandbox, body: Json) -> Json:
    """Count what is there; `refused` are the calls that ended in 501."""
    counts: Json = {kind: len(az.store.all(kind)) for kind in COUNTED}
    counts["operation_seconds"] = az.operation_seconds
    counts["not_implemented"] = [r["call"] for r in az.store.all("refused").values()]
    return counts


def order(az: Sandbox, body: Json) -> Json:
    """Order a fault, or set how long operations take."""
    if "match" not in body and "operation_seconds" in body:
        return settings(az, body)
    return faults.order(az, body)


def forget_faults(az: Sandbox, body: Json) -> Json:
    """Forget all faults."""
    az.store.clear("faults")
    return {}


def settings(az: Sandbox, body: Json) -> Json:
    """Set operation_seconds and retry_after."""
    known = {k: float(v) for k, v in body.items() if k in ("operation_seconds", "retry_after")}
    az.configure(**known)
    return known


def quota(az: Sandbox, body: Json) -> Json:
    """Set a meter's limit, or what others use of it, in a subscription and region."""
    place = _need(body, "subscription", "region", "meter")
    place[0] = SUBSCRIPTIONS.get(place[0], place[0])
    key = "/".join(place)
    told = {**(az.store.get("quota", key) or {})}
    told |= {k: int(body[k]) for k in ("limit", "used") if k in body}
    return az.store.put("quota", key, told)


def capacity(az: Sandbox, body: Json) -> Json:
    """Set what a region's machines can still serve of a model under a SKU."""
    key = "/".join(_need(body, "region", "sku", "model"))
    return az.store.put("capacity", key, {"capacity": int(body["capacity"])})


def drift(az: Sandbox, body: Json) -> Json:
    """Change one property of a resource as somebody would by hand; null removes it."""
    identity, path = _need(body, "id", "path")
    document = az.store.get("resources", identity)
    if document is None:
        raise ArmError(404, "ResourceNotFound", f"There is no resource {identity}.")
    *parents, last = path.split(".")
    place = document
    for name in parents:
        place = place.setdefault(name, {})
    if body.get("value") is None:
        place.pop(last, None)
    else:
        place[last] = body["value"]
    if "etag" in document:
        document["etag"] = f'"{guid()}"'
    return az.store.put("resources", identity, document)


def clear(az: Sandbox, body: Json) -> Json:
    """Forget everything that was ordered; resources stay."""
    for kind in ("faults", "quota", "capacity", "refused"):
        az.store.clear(kind)
    return {}


def reset(az: Sandbox, body: Json) -> Json:
    """Forget everything but the settings: resources, work under way, faults, history."""
    for kind in az.store.kinds():
        if kind != "settings":
            az.store.clear(kind)
    return {}


def _need(body: Json, *names: str) -> list[str]:
    if missing := [n for n in names if not body.get(n)]:
        raise bad_request(f"These are needed: {', '.join(missing)}.")
    return [str(body[n]) for n in names]


DOORS = {
    ("GET", "state"): state,
    ("POST", "faults"): order,
    ("DELETE", "faults"): forget_faults,
    ("POST", "settings"): settings,
    ("POST", "quota"): quota,
    ("POST", "capacity"): capacity,
    ("POST", "drift"): drift,
    ("POST", "clear"): clear,
    ("POST", "reset"): reset,
}
