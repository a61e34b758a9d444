"""Build a model deployment: its shared account first, then a deployment stack of its own.

check (worker) → account → validate → deployment → read_back
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from apps.catalog import selectors as catalog
from apps.cloud.client import Azure, Running, azure
from apps.cloud.errors import CloudError, NeedsPersonError
from apps.kernel.formats import quantity
from apps.kinds.model_deployment import ending, preflight
from apps.provisioning.provisioner import (
    AzureOperation,
    Built,
    Check,
    Next,
    Outcome,
    Template,
    Wait,
    Work,
)

HERE = Path(__file__).parent
TEMPLATE: Mapping[str, Any] = json.loads((HERE / "template.json").read_text())
ACCOUNT: Mapping[str, Any] = json.loads((HERE / "account.json").read_text())
# Terminal states of a stack at 2025-07-01; every other one means that Azure is at work on it.
STACK_ENDED = ("succeeded", "failed", "canceled")
OWNER = {"owner": "platform", "managed-by": "ai-portal"}
LONGEST_NAME = 52
OPENAI_ENDPOINT = "OpenAI Language Model Instance API"


class ModelDeploymentProvisioner:
    """Builds one model deployment on the account that capacity placed it on."""

    STEPS: Mapping[str, str] = {
        "account": "Prepare account",
        "validate": "Validate template",
        "deployment": "Create deployment",
        "read_back": "Read back",
    }

    ENDING = ending.ENDING

    def name(self, payload: Mapping[str, Any], *, workload: str, environment: str) -> str:
        """Join workload, environment and model in the characters that Azure allows."""
        ending = f"-{environment}-{payload['model']}"
        name = f"{workload[: LONGEST_NAME - len(ending)]}{ending}"
        return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-._")

    def template(self, work: Work) -> Template:
        """Return template.json with this request's parameters."""
        asked = work.payload
        return TEMPLATE, {
            "accountName": work.place.account,
            "deploymentName": work.name,
            "skuName": asked["sku"],
            "capacity": int(asked["capacity"]),
            "modelFormat": catalog.models()[asked["model"]].format,
            "modelName": asked["model"],
            "modelVersion": asked["version"],
            "tags": dict(work.tags),
        }

    def preview(self, work: Work) -> Template:
        """Return the deployment, and its account too where that is not there yet.

        Azure previews only inside a resource group, so the platform's empty one is made if need be.
        """
        template, parameters = self.template(work)
        client = _client(work)
        client.ensure_resource_group(
            work.place.resource_group, region=work.place.region, tags=OWNER
        )
        if client.get(work.place.account_id):
            return template, parameters
        deployment = {
            **template["resources"][0],
            "dependsOn": [
                "[resourceId('Microsoft.CognitiveServices/accounts', parameters('accountName'))]"
            ],
        }
        both = {
            **template,
            "parameters": {**ACCOUNT["parameters"], **template["parameters"]},
            "resources": [*ACCOUNT["resources"], deployment],
            "outputs": {},
        }
        return both, {**_account_parameters(work), **parameters}

    def preflight(self, work: Work) -> Sequence[Check]:
        """Ask Azure about account, name, quota and machines."""
        return preflight.preflight(work)

    def run(self, step: str, work: Work) -> Outcome:
        """Run one of STEPS or of ENDING."""
        if step in ending.ENDING:
            return ending.run(step, work)
        steps = {
            "account": _account,
            "validate": self._validate,
            "deployment": self._deployment,
            "read_back": _read_back,
        }
        return steps[step](work)

    def reads(self, facts: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
        """List what people want to know of a built deployment."""
        kind = catalog.deployment_types()[facts["sku"]]
        return [
            ("Model", f"{facts['model']} {facts['version']}"),
            ("Deployment type", kind.label),
            ("Capacity", quantity(facts["capacity"], kind.unit)),
            ("Account", facts["account"]),
            ("Content filter", facts["content_filter"]),
            ("New versions", UPGRADES.get(facts["upgrade"], facts["upgrade"])),
        ]

    def _validate(self, work: Work) -> Outcome:
        if work.operation:
            outcome = _client(work).look(work.operation)
        else:
            outcome = _client(work).begin_validate(
                work.place.resource_group, work.stack_name, *self.template(work)
            )
        if isinstance(outcome, Running):
            return _wait(outcome, "Azure checks the template, rights, policies and quota.")
        return Next(sentence="Azure accepts the template: rights, policies and quota are in order.")

    def _deployment(self, work: Work) -> Outcome:
        return _stack(
            work,
            name=work.stack_name,
            makes=_deployment_id(work),
            template=self.template(work),
            tags=work.tags,
            waiting="Azure accepted the deployment and works on it.",
            done="The deployment is there.",
        )


UPGRADES = {
    "NoAutoUpgrade": "never by themselves; the deployment ends when Azure retires the version",
    "OnceCurrentVersionExpired": "only when Azure retires this one",
    "OnceNewDefaultVersionAvailable": "as soon as Azure has a new default",
}


def _client(work: Work) -> Azure:
    return azure(work.place.subscription_id, subject=work.subject)


def _account(work: Work) -> Outcome:
    """Make sure of the shared account, in the platform's own stack, never in the request's."""
    client, place = _client(work), work.place
    if not work.operation:
        found = client.get(place.account_id)
        state = found["properties"].get("provisioningState") if found else None
        if state == "Succeeded":
            return Next(sentence=f"{place.account} is there.")
        client.ensure_resource_group(place.resource_group, region=place.region, tags=OWNER)
    return _stack(
        work,
        name=f"platform-{place.account}",
        makes=place.account_id,
        template=(ACCOUNT, _account_parameters(work)),
        tags=OWNER,
        waiting=f"Azure makes the shared account {place.account}.",
        done=f"The shared account {place.account} is there.",
    )


def _account_parameters(work: Work) -> Mapping[str, Any]:
    place = work.place
    return {"accountName": place.account, "location": place.region, "accountTags": OWNER}


def _deployment_id(work: Work) -> str:
    return f"{work.place.account_id}/deployments/{work.name}"


def _stack(
    work: Work,
    *,
    name: str,
    makes: str,
    template: Template,
    tags: Mapping[str, str],
    waiting: str,
    done: str,
) -> Outcome:
    """Start a stack, or look at the one that an earlier run of this step started.

    A worker that died after Azure took the stack left no token. The stack itself says then whether
    Azure is still at it, and its tag whether it was made from this very template. What it `makes`
    may have been deleted since, which the stack does not know.
    """
    client, group = _client(work), work.place.resource_group
    if work.operation:
        try:
            outcome = client.look(work.operation)
        except CloudError as error:
            with suppress(CloudError):  # the list is an extra: it must not hide why it failed
                error.operations = _operations(client, group, name)
            raise
    else:
        digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:16]
        found = client.stack(group, name) or {}
        state = found.get("properties", {}).get("provisioningState", "absent")
        if state not in (*STACK_ENDED, "absent"):
            return Wait("", timedelta(seconds=1), waiting, _operations(client, group, name))
        made = state == "succeeded" and found.get("tags", {}).get("template") == digest
        if made and client.get(makes):
            return Next(sentence=done, operations=_operations(client, group, name))
        outcome = client.begin_stack(group, name, *template, tags={**tags, "template": digest})
    operations = _operations(client, group, name)
    if isinstance(outcome, Running):
        return _wait(outcome, waiting, operations)
    return Next(sentence=done, operations=operations)


def _operations(client: Azure, group: str, stack_name: str) -> Sequence[AzureOperation]:
    """List what the stack's deployment does; Azure names it soon after the stack has begun."""
    stack = client.stack(group, stack_name) or {}
    deployment = stack.get("properties", {}).get("deploymentId")
    if not deployment:
        return ()
    return [
        AzureOperation(one.azure_id, one.name, one.resource_type, one.state, one.message)
        for one in client.operations(group, deployment.rsplit("/", 1)[1])
    ]


def _wait(running: Running, sentence: str, operations: Sequence[AzureOperation] = ()) -> Wait:
    return Wait(running.token, timedelta(seconds=running.retry_after), sentence, operations)


def _read_back(work: Work) -> Outcome:
    """Read what Azure made of it: the endpoint and the limits are Azure's word, not ours."""
    client, place = _client(work), work.place
    azure_id = _deployment_id(work)
    deployment, account = client.get(azure_id), client.get(place.account_id)
    if not deployment or not account:
        raise NeedsPersonError(
            f"Azure said that {work.name} was made on {place.account}, and now it is not there. "
            "Look who deleted it in Azure’s activity log; then try again."
        )
    made = deployment["properties"]
    if made.get("provisioningState") not in (None, "Succeeded"):
        return Wait("", timedelta(seconds=1), "Azure finishes the deployment.")
    endpoints = account["properties"].get("endpoints") or {}
    endpoint = endpoints.get(OPENAI_ENDPOINT) or account["properties"]["endpoint"]
    return Built(
        azure_id=azure_id,
        stack_id=(
            f"/subscriptions/{place.subscription_id}/resourceGroups/{place.resource_group}"
            f"/providers/Microsoft.Resources/deploymentStacks/{work.stack_name}"
        ),
        facts={
            "endpoint": endpoint,
            "base_url": f"{endpoint.rstrip('/')}/openai/v1/",
            "deployment": work.name,
            "account": place.account,
            "resource_group": place.resource_group,
            "subscription_id": place.subscription_id,
            "model": made["model"]["name"],
            "task": catalog.models()[made["model"]["name"]].task,
            "version": made["model"]["version"],
            "sku": deployment["sku"]["name"],
            "capacity": int(deployment["sku"]["capacity"]),
            "content_filter": made.get("raiPolicyName", ""),
            "upgrade": made.get("versionUpgradeOption", ""),
            "rate_limits": made.get("rateLimits") or [],
            "keys_off": bool(account["properties"].get("disableLocalAuth")),
            "tags": deployment.get("tags") or {},
        },
    )
