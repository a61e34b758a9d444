"""The calls that the portal makes to Azure Resource Manager, with the real SDK."""

from apps.cloud.client.azure import Azure, azure
from apps.cloud.client.looks import Done, Running
from apps.cloud.client.session import close_connections
from apps.cloud.client.shapes import ModelCapacity, Operation, Usage

__all__ = [
    "Azure",
    "Done",
    "ModelCapacity",
    "Operation",
    "Running",
    "Usage",
    "azure",
    "close_connections",
]
