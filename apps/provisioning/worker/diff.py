"""Azure's what-if as people read it: per resource what is added, changed, removed; no noise.

Shapes of the input: Microsoft.Resources/deployments whatIf 2025-04-01, `changes[]` with `before`,
`after` and `delta[]` (propertyChangeType Create, Delete, Modify, Array, NoEffect).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]
# Set by Azure, not by the template: what-if reports them as changes, and nobody decided them
# (learn.microsoft.com, "ARM template deployment what-if", known noise; read 2026-11).
NOISE = frozenset(
    {
        *("apiVersion", "id", "name", "type", "etag", "systemData"),
        *("provisioningState", "rateLimits", "callRateLimit", "capabilities", "currentCapacity"),
        *("dateCreated", "createdAt", "internalId", "isMigrated", "deploymentState"),
        *("dynamicThrottlingEnabled", "endpoint", "endpoints", "principalId", "tenantId"),
        *("skuChangeInfo", "model.callRateLimit", "privateEndpointConnections", "quotaLimit"),
    }
)
SIGNS = {"Create": "+", "Delete": "-", "Modify": "~"}
ORDER = ("sku", "properties", "kind", "location", "identity", "tags")
UNITS = (("Provisioned", "PTU"), ("Batch", "K enqueued tokens"), ("Standard", "K TPM"))


def readable(what_if: Json) -> list[dict[str, Any]]:
    """List the resources of a what-if: {name, type, where, kind, changes}.

    `kind` is create, modify, delete, untouched or unknown; a change is {sign, path, before, after,
    unit} with sign "+", "-" or "~". Modified by noise alone is untouched.
    """
    found = what_if.get("properties", what_if).get("changes") or ()
    return [_resource(change) for change in found]


def _resource(change: Json) -> dict[str, Any]:
    said = change.get("changeType", "")
    lines = list(_lines(said, change))
    kind = said.lower() if said in SIGNS else "untouched"
    if said == "Modify" and not lines:
        kind = "untouched"
    if said in ("Unsupported", "Deploy"):
        kind = "unknown"
    kinds, names = _named(change["resourceId"])
    return {
        "name": f"{kinds[-1]}/{names[-1]}",
        "type": "/".join(kinds),
        "where": names[-2] if len(names) > 1 else "",
        "kind": kind,
        "changes": lines,
    }


def _named(resource_id: str) -> tuple[list[str], list[str]]:
    """Split the last provider of an id into types and names."""
    parts = resource_id.rsplit("/providers/", 1)[-1].split("/")
    if "/providers/" not in resource_id:
        parts = ["", *parts[-2:]]
    return parts[1::2] or ["resource"], parts[2::2] or [resource_id]


def _lines(said: str, change: Json) -> Iterator[dict[str, Any]]:
    before, after = change.get("before") or {}, change.get("after") or {}
    sku = ((after or before).get("sku") or {}).get("name", "")
    lines: Iterable[dict[str, Any]] = ()
    if said == "Modify":
        lines = sorted(_deltas(change.get("delta") or ()), key=lambda one: _rank(one["path"]))
    elif said in ("Create", "Delete"):
        sign, whole = SIGNS[said], after if said == "Create" else before
        side = "after" if sign == "+" else "before"
        lines = ({"sign": sign, "path": path, side: value} for path, value in _leaves(whole))
    for line in lines:
        unit = _unit(sku) if line["path"] == "sku.capacity" else ""
        yield {"before": None, "after": None, "unit": unit, **line}


def _deltas(deltas: Sequence[Json], above: str = "") -> Iterator[dict[str, Any]]:
    for delta in deltas:
        path = f"{above}.{delta['path']}" if above else delta["path"]
        if _is_noise(path):
            continue
        if children := delta.get("children"):
            yield from _deltas(children, path)
        elif sign := SIGNS.get(delta["propertyChangeType"]):
            for end, before, after in _parted(delta.get("before"), delta.get("after")):
                yield {"sign": sign, "path": path + end, "before": before, "after": after}


def _parted(before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Part an added or removed object into its leaves, so that no line holds JSON."""
    if isinstance(after, Mapping) and before is None:
        yield from ((f".{path}", None, value) for path, value in _leaves(after))
    elif isinstance(before, Mapping) and after is None:
        yield from ((f".{path}", value, None) for path, value in _leaves(before))
    else:
        yield "", before, after


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Walk to the values that a person compares; lists stay whole."""
    if not isinstance(value, Mapping):
        yield path, value
        return
    for key in sorted(value, key=_rank):
        where = f"{path}.{key}" if path else key
        if not _is_noise(where) and value[key] not in (None, {}, []):
            yield from _leaves(value[key], where)


def _rank(key: str) -> int:
    first = key.split(".", 1)[0]
    return ORDER.index(first) if first in ORDER else len(ORDER)


def _is_noise(path: str) -> bool:
    if path.split(".", 1)[0] == "tags":
        return False
    inner = path.removeprefix("properties.").removeprefix("identity.")
    return inner in NOISE or inner.split(".", 1)[0] in NOISE


def _unit(sku: str) -> str:
    return next((unit for word, unit in UNITS if word in sku), "")
