"""What Azure offers where and in which amount, read from the catalogue's facts (CSV).

`availability.csv` says which model version is offered in which region under which deployment type;
`quotas.csv` holds the limits of each usage tier; `batch_quotas.csv`, `versions.csv` (retirement)
and `ptu.csv` (smallest size and step) are read where they exist. The files carry their source and
date per row.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

# Not in the facts: Microsoft grants PTU quota per SKU and region on request; a fresh subscription
# of the sandbox has this many of each.
PTU_LIMIT = 500
ACCOUNT_LIMIT = 30  # Azure OpenAI resources per region and subscription (quotas-limits page)
STANDARD_DEPLOYMENTS_PER_ACCOUNT = 32  # same page
DEFAULT_TIER = 1
PTU_SKUS = {
    "global": "GlobalProvisionedManaged",
    "datazone": "DataZoneProvisionedManaged",
    "regional": "ProvisionedManaged",
}


@dataclass(frozen=True)
class Rate:
    """One model's limit under one deployment type: K tokens, and requests in a window of s."""

    thousands: int
    requests: int
    window_s: int


@dataclass
class Facts:
    """The offer: regions × deployment types × models, and the limit of each meter."""

    offers: dict[str, dict[tuple[str, str], list[str]]] = field(default_factory=dict)
    rates: dict[tuple[str, str], Rate] = field(default_factory=dict)
    retirements: dict[tuple[str, str], str] = field(default_factory=dict)
    previews: set[tuple[str, str]] = field(default_factory=set)
    ptu_steps: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def versions(self, region: str, sku: str, model: str) -> list[str]:
        """Say which versions of a model are offered in a region under a SKU."""
        return self.offers.get(region, {}).get((sku, model), [])

    def limit(self, region: str, sku: str, model: str) -> int:
        """Give the limit of a meter in K tokens or PTU; 0 where no quota is granted."""
        if is_provisioned(sku):
            return PTU_LIMIT
        rate = self.rates.get((model, sku))
        return rate.thousands if rate else 0


def is_provisioned(sku: str) -> bool:
    """Tell SKUs counted in PTU from those counted in thousands of tokens."""
    return "provisioned" in sku.lower()


def meter(sku: str, model: str) -> str:
    """Name the quota meter: per SKU and model, or per SKU alone where it is provisioned."""
    return f"OpenAI.{sku}" if is_provisioned(sku) else f"OpenAI.{sku}.{model}"


def meter_label(sku: str, model: str) -> str:
    """Name the meter as Azure's error messages and usages do."""
    if is_provisioned(sku):
        return f"Provisioned Managed Throughput Unit - {sku}"
    if sku.endswith("Batch"):
        return f"Enqueued Tokens (thousands) - {model} - {sku}"
    return f"Tokens Per Minute (thousands) - {model} - {sku}"


def load(folder: Path, tier: int = DEFAULT_TIER) -> Facts:
    """Read the facts of a folder; limits are those of `tier`, or of the next tier listed."""
    facts = Facts(rates=_rates(folder, tier))
    for row in _rows(folder / "availability.csv", required=True):
        region = facts.offers.setdefault(row["region"], {})
        versions = region.setdefault((row["deployment_type"], row["model"]), [])
        if row["version"] not in versions:
            versions.append(row["version"])
    for row in _rows(folder / "versions.csv"):
        facts.retirements[row["model"], row["version"]] = row["retires_on"]
        if row["lifecycle"] == "Preview":
            facts.previews.add((row["model"], row["version"]))
    for row in _rows(folder / "ptu.csv"):
        steps = (_int(row["minimum_ptu"]), _int(row["increment_ptu"]))
        facts.ptu_steps[row["model"], PTU_SKUS[row["scope"]]] = steps
    return facts


def _rates(folder: Path, tier: int) -> dict[tuple[str, str], Rate]:
    tiers: dict[tuple[str, str], dict[int, Rate]] = defaultdict(dict)
    for row in _rows(folder / "quotas.csv", required=True):
        rate = Rate(_int(row["tpm"]) // 1000, _int(row["requests"]), _int(row["window_s"]) or 60)
        tiers[row["model"], row["deployment_type"]].setdefault(_int(row["tier"]), rate)
    rates = {}
    for key, by_tier in tiers.items():
        above = [t for t in sorted(by_tier) if t >= tier]
        rates[key] = by_tier[above[0] if above else max(by_tier)]
    for row in _rows(folder / "batch_quotas.csv"):
        if row["subscription"] == "default":
            thousands = _int(row["enqueued_tokens"]) // 1000
            rates[row["model"], row["deployment_type"]] = Rate(thousands, 0, 60)
    return rates


def _rows(path: Path, *, required: bool = False) -> list[dict[str, str]]:
    if not path.exists():
        if required:
            sys.exit(f"The facts are missing: {path}. Give --facts a folder with this file.")
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def _int(text: str) -> int:
    return int(float(text)) if text.strip() else 0
