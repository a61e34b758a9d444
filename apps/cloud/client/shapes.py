"""What goes to Azure and what comes back, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DETACH = {"resources": "detach", "resourceGroups": "detach", "managementGroups": "detach"}
EMPTY = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "resources": [],
}
Json = dict[str, Any]


@dataclass(frozen=True)
class Usage:
    """A meter of a region: `used` of `limit`, in the meter's own unit (K TPM, PTU, accounts …)."""

    name: str
    label: str
    used: int
    limit: int
    unit: str


@dataclass(frozen=True)
class ModelCapacity:
    """What a region's machines can still take of a model version, in the SKU's own unit."""

    region: str
    sku: str
    available: int


@dataclass(frozen=True)
class Operation:
    """One line of Azure's own list of what a deployment does."""

    azure_id: str
    name: str
    resource_type: str
    state: str
    message: str


def values(parameters: Mapping[str, Any]) -> Json:
    """Write parameters as ARM reads them."""
    return {name: {"value": value} for name, value in parameters.items()}


def deployment(template: Mapping[str, Any], parameters: Mapping[str, Any]) -> Json:
    """Write the body of a deployment that adds and changes, and removes nothing."""
    return {
        "properties": {
            "mode": "Incremental",
            "template": template,
            "parameters": values(parameters),
        }
    }


def status_message(status: Any) -> str:
    """Shorten an operation's message to Azure's words; it is a text, or an object with `error`."""
    error = status.get("error", status) if hasattr(status, "get") else None
    return str(error.get("message", "")) if error else str(status or "")
