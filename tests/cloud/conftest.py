"""A template small enough to read, and a resource group of one's own for every test."""

import itertools
from types import SimpleNamespace

import pytest

from apps.cloud.client import Running, azure

numbers = itertools.count(1)
TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"name": {"type": "string"}},
    "resources": [
        {
            "type": "Microsoft.CognitiveServices/accounts",
            "apiVersion": "2025-06-01",
            "name": "[parameters('name')]",
            "location": "[resourceGroup().location]",
            "kind": "AIServices",
            "sku": {"name": "S0"},
            "identity": {"type": "SystemAssigned"},
            "properties": {"customSubDomainName": "[parameters('name')]"},
        }
    ],
}


def to_the_end(client, outcome, *, looks=60):
    """Look until Azure is through, as workers do, only without the pauses between."""
    import time

    while isinstance(outcome, Running):
        looks -= 1
        assert looks, "Azure never came to an end"
        time.sleep(0.05)
        outcome = client.look(outcome.token)
    return outcome.result


@pytest.fixture
def here(sandbox, db):
    """An empty resource group, a client for it, and an account's template."""
    sandbox.clear()
    number = next(numbers)
    client = azure("prod", subject="job:7")
    group = f"rg-cloud-{number}"
    client.ensure_resource_group(group, region="swedencentral", tags={"owner": "tests"})
    yield SimpleNamespace(
        azure=client,
        group=group,
        account=f"aoai-cloud-{number}",
        template=(TEMPLATE, {"name": f"aoai-cloud-{number}"}),
        sandbox=sandbox,
    )
    sandbox.clear()
