"""A sandbox with a small offer, and Microsoft's own clients pointed at it."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.rest import HttpRequest
from azure.identity import ClientSecretCredential
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.deploymentstacks import DeploymentStacksClient
from azure.mgmt.resource.resources import ResourceManagementClient

from tests.azure_sandbox import facts
from tests.azure_sandbox.specs import Specs
from tests.sandbox import Sandbox

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
ACCOUNTS = "Microsoft.CognitiveServices/accounts"
API = "2025-06-01"


class Answers(SansIOHTTPPolicy[Any, Any]):
    """Keep every answer, for the response checker."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, int, Any]] = []

    def on_response(self, request: Any, response: Any) -> None:
        answer = response.http_response
        text = answer.body() if hasattr(answer, "body") else answer.read()
        body = json.loads(text) if text else None
        asked = request.http_request
        self.seen.append((asked.method, asked.url, answer.status_code, body))


class Azure:
    """The clients, and short words for what the tests do often."""

    def __init__(self, sandbox: Sandbox, answers: Answers, tier: str = "prod") -> None:
        self.sandbox, self.answers = sandbox, answers
        end = sandbox.endpoint
        self.subscription = end["subscriptions"][tier]
        self.credential = ClientSecretCredential(
            end["tenant_id"],
            end["client_id"],
            end["client_secret"],
            authority=sandbox.url,
            disable_instance_discovery=True,
            connection_verify=sandbox.ca,
        )
        common: dict[str, Any] = {
            "base_url": sandbox.url,
            "credential_scopes": ["https://management.azure.com/.default"],
            "connection_verify": sandbox.ca,
            "polling_interval": 0.02,
            "retry_total": 1,
            "retry_backoff_factor": 0.01,
            "per_retry_policies": [answers],
        }
        made = (self.credential, self.subscription)
        self.resources = ResourceManagementClient(*made, **common)
        self.deployments = DeploymentsMgmtClient(*made, api_version="2025-04-01", **common)
        self.stacks = DeploymentStacksClient(*made, api_version="2025-07-01", **common)

    def group(self, name: str = "") -> str:
        """Make a resource group and give its name."""
        name = name or f"rg-{uuid.uuid4().hex[:8]}"
        self.resources.resource_groups.create_or_update(name, {"location": "swedencentral"})
        return name

    def id(self, group: str, account: str, deployment: str = "") -> str:
        """Build the id of an account or one of its model deployments."""
        base = f"/subscriptions/{self.subscription}/resourceGroups/{group}/providers/{ACCOUNTS}"
        return f"{base}/{account}" + (f"/deployments/{deployment}" if deployment else "")

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Call a path below the address, without raising."""
        mark = "&" if "?" in path else "?"
        url = path if "api-version=" in path else f"{path}{mark}api-version={API}"
        request = HttpRequest(method, url, json=body, headers=headers)
        return self.resources.send_request(request)

    def account(self, group: str, name: str, **more: Any) -> Any:
        """Make an account and wait for it."""
        body = account_body(name, **more)
        return self.resources.resources.begin_create_or_update_by_id(
            self.id(group, name), body, api_version=API
        ).result()

    def deploy(self, group: str, account: str, name: str, capacity: Any = 10, **more: Any) -> Any:
        """Make a model deployment and wait for it."""
        return self.resources.resources.begin_create_or_update_by_id(
            self.id(group, account, name), deployment_body(capacity, **more), api_version=API
        ).result()

    def used(self, meter: str, region: str = "swedencentral") -> int:
        """Read a meter's current value."""
        path = (
            f"/subscriptions/{self.subscription}/providers/Microsoft.CognitiveServices/locations/"
        )
        found = self.send("GET", f"{path}{region}/usages").json()["value"]
        return int(next(u["currentValue"] for u in found if u["name"]["value"] == meter))


def account_body(name: str, **more: Any) -> dict[str, Any]:
    return {
        "location": more.pop("location", "swedencentral"),
        "kind": "AIServices",
        "sku": {"name": "S0"},
        "identity": {"type": "SystemAssigned"},
        "properties": {"customSubDomainName": name, "publicNetworkAccess": "Disabled", **more},
    }


def deployment_body(
    capacity: Any = 10,
    sku: str = "GlobalStandard",
    model: str = "gpt-5.1",
    version: str = "2025-11-13",
) -> dict[str, Any]:
    return {
        "sku": {"name": sku, "capacity": capacity},
        "properties": {
            "model": {"format": "OpenAI", "name": model, "version": version},
            "versionUpgradeOption": "NoAutoUpgrade",
        },
    }


def template(capacity: int = 50, deployment: str = "gpt", **resource: Any) -> dict[str, Any]:
    """A template with an account and a model deployment in it, and the endpoint as output."""
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {
            "account": {"type": "string"},
            "capacity": {"type": "int", "defaultValue": capacity, "minValue": 1},
        },
        "variables": {
            "id": "[resourceId('Microsoft.CognitiveServices/accounts', parameters('account'))]"
        },
        "resources": [
            {
                "type": ACCOUNTS,
                "apiVersion": API,
                "name": "[parameters('account')]",
                **account_body("[parameters('account')]", location="[resourceGroup().location]"),
            },
            {
                "type": f"{ACCOUNTS}/deployments",
                "apiVersion": API,
                "name": f"[format('{{0}}/{deployment}', parameters('account'))]",
                "dependsOn": ["[variables('id')]"],
                **deployment_body("[parameters('capacity')]"),
                **resource,
            },
        ],
        "outputs": {
            "endpoint": {"type": "string", "value": "[reference(variables('id')).endpoint]"},
            "deployment": {"type": "string", "value": deployment},
        },
    }


def properties(account: str, capacity: int = 50, **more: Any) -> dict[str, Any]:
    """The properties of a deployment of `template`."""
    return {
        "mode": "Incremental",
        "template": template(capacity, **more),
        "parameters": {"account": {"value": account}},
    }


def stack_properties(account: str, capacity: int = 50, action: str = "detach", **more: Any) -> Any:
    """The properties of a stack of `template`."""
    given = properties(account, capacity, **more)
    del given["mode"]
    return {
        **given,
        "actionOnUnmanage": {"resources": action},
        "denySettings": {"mode": "none"},
    }


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = facts.write(tmp_path_factory.mktemp("facts"))
    sandbox = Sandbox.start(tmp_path_factory.mktemp("azure"), folder, operation_seconds=0.1)
    sandbox.settings(retry_after=0)
    yield sandbox
    sandbox.stop()


@pytest.fixture(scope="package")
def specs() -> Specs | None:
    """Microsoft's response schemas, where they are beside the checkout."""
    return Specs(SHARED) if SHARED.exists() else None


@pytest.fixture
def azure(running: Sandbox, specs: Specs | None) -> Iterator[Azure]:
    """The clients; afterwards every answer must have had Microsoft's shape, and none a 501."""
    clients = Azure(running, Answers())
    running.set_limit("prod", "swedencentral", "OpenAI.S0.AccountCount", limit=1000)
    yield clients
    unknown = running.state()["not_implemented"]
    running.clear()
    running.settings(operation_seconds=0.1)
    assert not unknown, unknown
    if specs:
        wrong = [w for seen in clients.answers.seen for w in specs.check(*seen)]
        assert not wrong, "\n".join(wrong)
