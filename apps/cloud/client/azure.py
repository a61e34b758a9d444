"""One subscription of Azure: what the portal reads there and what it sends."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from azure.core.rest import HttpRequest
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.deploymentstacks import DeploymentStacksClient
from azure.mgmt.resource.resources import ResourceManagementClient
from django.conf import settings

from apps.cloud.client.looks import Done, Running, SingleLook
from apps.cloud.client.session import credential, options, told_in_sentences
from apps.cloud.client.shapes import (
    DETACH,
    EMPTY,
    Json,
    ModelCapacity,
    Operation,
    Usage,
    deployment,
    status_message,
    values,
)
from apps.cloud.errors import NeedsPersonError, explain

# Pinned, so that an update of the SDK does not change what is sent.
RESOURCES_API, DEPLOYMENTS_API, STACKS_API = "2025-04-01", "2025-04-01", "2025-07-01"
COGNITIVE_API, LEARNING_API = "2025-06-01", "2024-10-01"
COGNITIVE = "providers/Microsoft.CognitiveServices"


def azure(subscription: str, *, subject: str = "") -> "Azure":
    """Open a subscription, given as a tier (`prod`, `nonprod`) or an id.

    `subject` (`job:17`) is noted with every call.
    """
    subscription_id = settings.AZURE_SUBSCRIPTIONS.get(subscription, subscription)
    if not subscription_id:
        raise NeedsPersonError(
            f"No Azure subscription is set for {subscription}. Set AZURE_SUBSCRIPTION_ID and "
            "AZURE_NONPROD_SUBSCRIPTION_ID; then try again."
        )
    return Azure(subscription_id, subject)


class Azure:
    """A subscription. Every method raises CloudError; none waits for Azure to finish."""

    def __init__(self, subscription_id: str, subject: str) -> None:
        self.subscription_id = subscription_id
        self._subject = subject

    @cached_property
    def _resources(self) -> Any:
        return self._client(ResourceManagementClient, RESOURCES_API)

    @cached_property
    def _deployments(self) -> Any:
        return self._client(DeploymentsMgmtClient, DEPLOYMENTS_API)

    @cached_property
    def _stacks(self) -> Any:
        return self._client(DeploymentStacksClient, STACKS_API)

    def _client(self, kind: Any, api_version: str) -> Any:
        return kind(
            credential(), self.subscription_id, api_version=api_version, **options(self._subject)
        )

    # Reading

    def get(self, resource_id: str, *, api_version: str = COGNITIVE_API) -> Json | None:
        """Read a resource; None where there is none."""
        request = HttpRequest("GET", resource_id, params={"api-version": api_version})
        return self._send(request, absent=True)

    def usages(self, region: str) -> list[Usage]:
        """List a region's meters of Azure OpenAI: what is used of which limit."""
        return [_usage(row) for row in self._pages(f"{COGNITIVE}/locations/{region}/usages")]

    def cluster_usages(self, region: str) -> list[Usage]:
        """List a region's meters of Azure Machine Learning: dedicated vCPUs by VM family."""
        path = f"providers/Microsoft.MachineLearningServices/locations/{region}/usages"
        return [_usage(row) for row in self._pages(path, api_version=LEARNING_API)]

    def model_capacities(self, model_format: str, model: str, version: str) -> list[ModelCapacity]:
        """List where Azure's machines can take the model version, and how much of it."""
        rows = self._pages(
            f"{COGNITIVE}/modelCapacities",
            modelFormat=model_format,
            modelName=model,
            modelVersion=version,
        )
        return [
            ModelCapacity(
                region=row["location"].replace(" ", "").lower(),
                sku=row["properties"]["skuName"],
                available=round(row["properties"]["availableCapacity"]),
            )
            for row in rows
        ]

    def models(self, region: str) -> list[Json]:
        """List the models that Azure offers in a region, as Azure describes them."""
        return list(self._pages(f"{COGNITIVE}/locations/{region}/models"))

    def deployments(self, account_id: str) -> list[Json]:
        """List the model deployments of an account, as Azure describes them."""
        _, _, _, below = account_id.split("/", 3)
        return list(self._pages(f"{below}/deployments"))

    def operations(self, group: str, deployment: str) -> list[Operation]:
        """List what Azure does for a deployment, one line per resource."""
        with told_in_sentences():
            listed = list(self._deployments.deployment_operations.list(group, deployment))
        return [
            Operation(
                azure_id=row["id"],
                name=target.get("resourceName", ""),
                resource_type=target.get("resourceType", ""),
                state=row["properties"].get("provisioningState", ""),
                message=status_message(row["properties"].get("statusMessage")),
            )
            for row in listed
            if (target := row["properties"].get("targetResource"))
        ]

    # Writing

    def ensure_resource_group(self, name: str, *, region: str, tags: Mapping[str, str]) -> None:
        """Make the resource group if it is not there; one that is there stays as it is."""
        with told_in_sentences():
            if not self._resources.resource_groups.check_existence(name):
                self._resources.resource_groups.create_or_update(
                    name, {"location": region, "tags": dict(tags)}
                )

    def begin_what_if(
        self, group: str, name: str, template: Mapping[str, Any], parameters: Mapping[str, Any]
    ) -> Running | Done:
        """Ask what the template would change in the group, without changing it."""
        body = deployment(template, parameters)
        body["properties"]["whatIfSettings"] = {"resultFormat": "FullResourcePayloads"}
        look = SingleLook()
        with told_in_sentences():
            self._deployments.deployments.begin_what_if(group, name, body, polling=look)
            return _unless_refused(look.begun())

    def begin_validate(
        self, group: str, name: str, template: Mapping[str, Any], parameters: Mapping[str, Any]
    ) -> Running | Done:
        """Ask whether Azure would take the template: syntax, rights, policies and quota."""
        body, look = deployment(template, parameters), SingleLook()
        with told_in_sentences():
            self._deployments.deployments.begin_validate(group, name, body, polling=look)
            return _unless_refused(look.begun())

    def begin_stack(
        self,
        group: str,
        name: str,
        template: Mapping[str, Any],
        parameters: Mapping[str, Any],
        *,
        tags: Mapping[str, str],
    ) -> Running | Done:
        """Create or change a stack; what leaves its template is detached, never deleted."""
        stack = {
            "tags": dict(tags),
            "properties": {
                "template": template,
                "parameters": values(parameters),
                "actionOnUnmanage": DETACH,
                "denySettings": {"mode": "none"},
            },
        }
        look = SingleLook()
        with told_in_sentences():
            self._stacks.deployment_stacks.begin_create_or_update_at_resource_group(
                group, name, stack, polling=look
            )
            return look.begun()

    def begin_stack_what_if(self, group: str, name: str) -> Running | Done:
        """Ask what would go if a stack were deleted with all that it manages."""
        body = {
            "properties": {
                "template": EMPTY,
                "parameters": {},
                "actionOnUnmanage": {**DETACH, "resources": "delete"},
                "denySettings": {"mode": "none"},
                "deploymentStackResourceId": self._stack_id(group, name),
                "retentionInterval": "P1D",
            },
        }
        look = SingleLook()
        results = self._stacks.deployment_stacks_what_if_results_at_resource_group
        with told_in_sentences():
            results.begin_create_or_update(group, f"ending-{name}", body, polling=look)
            return look.begun()

    def begin_delete_stack(self, group: str, name: str) -> Running | Done:
        """Delete a stack with the resources that it manages; groups stay."""
        look = SingleLook()
        with told_in_sentences():
            self._stacks.deployment_stacks.begin_delete_at_resource_group(
                group,
                name,
                unmanage_action_resources="delete",
                unmanage_action_resource_groups="detach",
                unmanage_action_management_groups="detach",
                polling=look,
            )
            return look.begun()

    def deleted_account(self, region: str, group: str, name: str) -> Json | None:
        """Read an account that is deleted and not purged; it keeps its name and its quota."""
        return self.get(self._deleted_id(region, group, name))

    def begin_purge(self, region: str, group: str, name: str) -> Running | Done:
        """Purge a deleted account for good, with the deployments that went with it."""
        look = SingleLook()
        with told_in_sentences():
            self._resources.resources.begin_delete_by_id(
                self._deleted_id(region, group, name).lstrip("/"),
                api_version=COGNITIVE_API,
                polling=look,
            )
            return look.begun()

    def _deleted_id(self, region: str, group: str, name: str) -> str:
        return (
            f"/subscriptions/{self.subscription_id}/{COGNITIVE}/locations/{region}"
            f"/resourceGroups/{group}/deletedAccounts/{name}"
        )

    def _stack_id(self, group: str, name: str) -> str:
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{group}"
            f"/providers/Microsoft.Resources/deploymentStacks/{name}"
        )

    def stack(self, group: str, name: str) -> Json | None:
        """Read a stack; None where there is none."""
        return self.get(self._stack_id(group, name), api_version=STACKS_API)

    def look(self, token: str) -> Running | Done:
        """Look once at what was begun, by this worker or another. Trusts the token."""
        # Every begin_… resumes every token the same way: the token says where to look.
        look = SingleLook()
        with told_in_sentences():
            self._deployments.deployments.begin_what_if(
                "", "", {}, polling=look, continuation_token=token
            )
            return _unless_refused(look.looked())

    # Plain HTTP through the same pipeline

    def _send(self, request: HttpRequest, *, absent: bool = False) -> Json | None:
        with told_in_sentences():
            answer = self._resources.send_request(request)
            if absent and answer.status_code == 404:
                return None
            answer.raise_for_status()
            return dict(answer.json())

    def _pages(
        self, path: str, *, api_version: str = COGNITIVE_API, **query: str
    ) -> Iterator[Json]:
        address = f"/subscriptions/{self.subscription_id}/{path}"
        params: dict[str, str] | None = {"api-version": api_version, **query}
        while address:
            page = self._send(HttpRequest("GET", address, params=params)) or {}
            yield from page.get("value", ())
            address, params = page.get("nextLink") or "", None


def _usage(row: Json) -> Usage:
    return Usage(
        name=row["name"]["value"],
        label=row["name"].get("localizedValue", ""),
        used=round(row["currentValue"]),
        limit=round(row["limit"]),
        unit=row.get("unit", ""),
    )


def _unless_refused(outcome: Running | Done) -> Running | Done:
    """Raise what is a result for the SDK: validate's 400, and a what-if that failed with a 200."""
    if isinstance(outcome, Done) and outcome.result.get("error"):
        refused = explain(outcome.result, status=400)
        refused.over = True
        raise refused
    return outcome
