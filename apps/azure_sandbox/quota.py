"""Quota meters: what each subscription may use in a region, and what it uses.

Pay-as-you-go meters count thousands of tokens per minute, provisioned ones PTU, batch ones
thousands of enqueued tokens. Shapes: Microsoft.CognitiveServices 2024-04-01-preview, `Usage`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

from apps.azure_sandbox import facts as catalogue
from apps.azure_sandbox.errors import ArmError
from apps.azure_sandbox.ids import ACCOUNTS, MODEL_DEPLOYMENTS, SPELLING, parse
from apps.azure_sandbox.sandbox import Sandbox

Json = dict[str, Any]
ACCOUNT, DEPLOYMENT = SPELLING[ACCOUNTS], SPELLING[MODEL_DEPLOYMENTS]
ACCOUNT_METER = "OpenAI.S0.AccountCount"
# Made up: Microsoft grants vCPUs of GPUs by family and region, on request. Names are Azure's own.
GPU_FAMILIES = {
    "standardNCADSA100v4Family": ("Standard NCADSA100v4 Family Cluster Dedicated vCPUs", 96),
    "standardNCADSH100v5Family": ("Standard NCADSH100v5 Family Cluster Dedicated vCPUs", 80),
    "standardNVADSA10v5Family": ("Standard NVADSA10v5 Family Cluster Dedicated vCPUs", 72),
    "standardDSv2Family": ("Standard DSv2 Family Cluster Dedicated vCPUs", 100),
}
GPU_REGIONS = ("swedencentral", "francecentral", "eastus2")
# The portal's story asks for this one: it always has room.
ALWAYS_ROOM = ("swedencentral", "GlobalStandard", "gpt-5.1")


def usages(az: Sandbox, subscription: str, region: str) -> list[Json]:
    """List every meter of a region with its limit and present use."""
    meters: dict[str, tuple[str, int]] = {
        ACCOUNT_METER: ("Azure OpenAI accounts", catalogue.ACCOUNT_LIMIT)
    }
    for sku, model in az.facts.offers.get(region, {}):
        label, limit = catalogue.meter_label(sku, model), az.facts.limit(region, sku, model)
        meters.setdefault(catalogue.meter(sku, model), (label, limit))
    used = _used(az, subscription, region)
    return [
        {
            "name": {"value": name, "localizedValue": label},
            "currentValue": used[name] + _set(az, subscription, region, name, "used", 0),
            "limit": _set(az, subscription, region, name, "limit", limit),
            "unit": "Count",
        }
        for name, (label, limit) in meters.items()
    ]


def cluster_usages(az: Sandbox, subscription: str, region: str) -> list[Json]:
    """List the dedicated vCPUs of each GPU family: what is told, of a limit where one is granted.

    Shapes: Microsoft.MachineLearningServices 2024-04-01, `Usage`.
    """
    kind = "Microsoft.MachineLearningServices/vmFamily/usages"
    scope = f"/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices"
    return [
        {
            "id": f"{scope}/locations/{region}/usages/{name}",
            "type": kind,
            "unit": "Count",
            "currentValue": _set(az, subscription, region, name, "used", 0),
            "limit": _set(
                az, subscription, region, name, "limit", limit if region in GPU_REGIONS else 0
            ),
            "name": {"value": name, "localizedValue": label},
        }
        for name, (label, limit) in GPU_FAMILIES.items()
    ]


def require(
    az: Sandbox, key: str, region: str, sku: str, model: str, capacity: int, planned: Counter[str]
) -> None:
    """Refuse a model deployment that its meter has no room for.

    `planned` collects what other resources of the same template take.
    """
    found = parse(key)
    subscription = found.subscription if found else ""
    name, label = catalogue.meter(sku, model), catalogue.meter_label(sku, model)
    limit = _set(az, subscription, region, name, "limit", az.facts.limit(region, sku, model))
    foreign = _set(az, subscription, region, name, "used", 0)
    used = _used(az, subscription, region, but=key.lower())[name] + foreign + planned[name]
    if used + capacity > limit:
        raise insufficient(label, capacity, used, limit)
    planned[name] += capacity


def require_account(az: Sandbox, key: str, region: str, planned: Counter[str]) -> None:
    """Refuse one account more than a subscription may have in a region."""
    found = parse(key)
    subscription = found.subscription if found else ""
    limit = _set(az, subscription, region, ACCOUNT_METER, "limit", catalogue.ACCOUNT_LIMIT)
    foreign = _set(az, subscription, region, ACCOUNT_METER, "used", 0)
    used = _used(az, subscription, region, but=key.lower())[ACCOUNT_METER] + foreign
    if used + planned[ACCOUNT_METER] + 1 > limit:
        raise insufficient("Azure OpenAI accounts", 1, used, limit)
    planned[ACCOUNT_METER] += 1


def insufficient(label: str, need: int, used: int, limit: int) -> ArmError:
    """Say that a meter has no room, in Azure's words (its grammar included)."""
    return ArmError(
        400,
        "InsufficientQuota",
        f"This operation require {need} new capacity in quota {label}, which is bigger than the "
        f"current available capacity {max(limit - used, 0)}. The current quota usage is {used} "
        f"and the quota limit is {limit} for quota {label}.",
    )


def available_capacity(az: Sandbox, subscription: str, region: str, sku: str, model: str) -> int:
    """Say how much of a model the region's machines could still serve.

    Made up but fixed: the hash of region, SKU and model gives one in ten none at all, so that
    "quota yes, capacity no" exists; the rest get their limit or more.
    """
    name = catalogue.meter(sku, model)
    told = az.store.get("capacity", f"{region}/{sku}/{model}")
    if told:
        return int(told["capacity"])
    limit = az.facts.limit(region, sku, model) or 100
    base = limit * (2 + _hash(region, sku, model) % 4)
    if (region, sku, model) == ALWAYS_ROOM:
        base = limit * 20
    elif _hash(region, sku, model) % 10 == 0:
        base = 0
    return max(base - _used(az, subscription, region)[name], 0)


def _used(az: Sandbox, subscription: str, region: str, but: str = "") -> Counter[str]:
    """Sum what deployments take; those of soft-deleted accounts count until the purge."""
    used: Counter[str] = Counter()
    scope, every = f"/subscriptions/{subscription.lower()}/", az.store.all("resources")
    accounts = {
        key
        for key, document in every.items()
        if document["type"] == ACCOUNT and document["location"] == region and key.startswith(scope)
    }
    used[ACCOUNT_METER] = len(accounts - {but})
    for key, document in every.items():
        if document["type"] == DEPLOYMENT and key != but and key.rsplit("/", 2)[0] in accounts:
            _add(used, document)
    for deleted in az.store.all("deleted").values():
        here = (deleted["subscription"], deleted["region"]) == (subscription.lower(), region)
        if here and deleted["key"] != but:
            used[ACCOUNT_METER] += 1
            for child in deleted["children"].values():
                _add(used, child)
    return used


def _add(used: Counter[str], document: Json) -> None:
    sku = document["sku"]
    name = catalogue.meter(sku["name"], document["properties"]["model"]["name"])
    used[name] += int(sku["capacity"])


def _set(az: Sandbox, subscription: str, region: str, name: str, what: str, default: int) -> int:
    told = az.store.get("quota", f"{subscription}/{region}/{name}") or {}
    return int(told.get(what, default))


def _hash(*parts: str) -> int:
    return int(hashlib.sha256("/".join(parts).encode()).hexdigest()[:8], 16)
