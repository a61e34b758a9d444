"""What-if: a template compared with what is there, in Azure's shape and with Azure's noise.

https://learn.microsoft.com/azure/azure-resource-manager/templates/deploy-what-if says what noise
is: read-only properties that the template cannot set show as deleted or without effect. The real
service does so, therefore the sandbox does, and readers have to filter.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from apps.azure_sandbox import resources
from apps.azure_sandbox.ids import parse
from apps.azure_sandbox.sandbox import Sandbox
from apps.azure_sandbox.templates import Plan

Json = dict[str, Any]
ABSENT = object()
# Known to be read-only by Azure's what-if, and left out of before and after.
LEFT_OUT = {"etag", "systemData", "properties.provisioningState"}
# Read-only too, but shown: the noise, without effect.
NO_EFFECT = {
    "properties.currentCapacity",
    "properties.dateCreated",
    "properties.internalId",
    "properties.isMigrated",
    "identity.principalId",
    "identity.tenantId",
}


def changes(az: Sandbox, plan: Plan, *, full: bool = True) -> list[Json]:
    """Predict what each resource of a template would undergo; the group's others are ignored."""
    found: list[Json] = []
    for resource in plan.resources:
        live = resources.find(az, resource.id)
        if not full:
            found.append({"resourceId": resource.id, "changeType": "Deploy"})
            continue
        found.append(change(resource.id, resource.api_version, live, resource.body))
    planned = {r.id.lower() for r in plan.resources}
    prefix = plan.scope.lower() + "/providers/"
    for key, live in az.store.all("resources").items():
        if "/resourcegroups/" in prefix and key.startswith(prefix) and key not in planned:
            shown = visible(live)
            found.append(
                {"resourceId": live["id"], "changeType": "Ignore", "before": shown, "after": shown}
            )
    for kind, name in plan.unsupported:
        found.append(
            {
                "resourceId": f"{plan.scope}/providers/{kind}/{name}",
                "changeType": "Unsupported",
                "unsupportedReason": "The resource id cannot be calculated before the deployment "
                "because it depends on the result of the reference() function.",
            }
        )
    return found


def change(identity: str, api_version: str, live: Json | None, body: Json) -> Json:
    """Predict one resource's change: Create, Modify or NoChange."""
    parts = parse(identity)
    head: dict[str, Any] = {
        "apiVersion": api_version,
        "id": identity,
        "name": parts.name if parts else identity.rsplit("/", 1)[1],
        "type": parts.type if parts else "Microsoft.Resources/resourceGroups",
    }
    after = {**head, **body}
    if live is None:
        return {"resourceId": identity, "changeType": "Create", "after": after}
    before = {"apiVersion": api_version, **visible(live)}
    deltas = delta({k: v for k, v in before.items() if k not in head}, body)
    modifies = any(d["propertyChangeType"] != "NoEffect" for d in deltas)
    predicted: Json = {
        "resourceId": identity,
        "changeType": "Modify" if modifies else "NoChange",
        "before": before,
        "after": after,
    }
    if deltas:
        predicted["delta"] = deltas
    return predicted


def visible(live: Json) -> Json:
    """Leave out what Azure's what-if never shows."""
    shown = {k: v for k, v in live.items() if k not in LEFT_OUT}
    hidden = {p.split(".", 1)[1] for p in LEFT_OUT if p.startswith("properties.")}
    if "properties" in shown:
        shown["properties"] = {k: v for k, v in shown["properties"].items() if k not in hidden}
    return shown


def delta(before: Json, after: Json, path: str = "") -> list[Json]:
    """Compare property by property; a text that is still an expression counts as equal."""
    found: list[Json] = []
    for name in [*before, *[k for k in after if k not in before]]:
        where = f"{path}.{name}" if path else name
        found += _one(before.get(name, ABSENT), after.get(name, ABSENT), where)
    return found


def _one(before: Any, after: Any, where: str) -> list[Json]:
    if after is ABSENT:
        kind = "NoEffect" if where in NO_EFFECT else "Delete"
        return [] if before in (None, [], {}) else [_entry(where, kind, before=before)]
    if before is ABSENT:
        return [] if after is None else [_entry(where, "Create", after=after)]
    if isinstance(before, dict) and isinstance(after, dict):
        return delta(before, after, where)
    if isinstance(before, list) and isinstance(after, list):
        pairs = zip_longest(before, after, fillvalue=ABSENT)
        inner = [d for i, (b, a) in enumerate(pairs) for d in _one(b, a, str(i))]
        return [_entry(where, "Array", children=inner)] if inner else []
    if _same(before, after, where):
        return []
    return [_entry(where, "Modify", before=before, after=after)]


def _same(before: Any, after: Any, where: str) -> bool:
    if isinstance(after, str) and after.startswith("[") and after.endswith("]"):
        return True
    if where == "location":
        return str(before).replace(" ", "").lower() == str(after).replace(" ", "").lower()
    if where == "sku.capacity":
        return str(before) == str(after)
    return bool(before == after)


def _entry(path: str, kind: str, **more: Any) -> Json:
    return {"path": path, "propertyChangeType": kind, **more}
