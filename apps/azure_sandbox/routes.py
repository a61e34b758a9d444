"""Which handler answers which path. The first match wins; what matches nothing is a 501."""

from __future__ import annotations

import re
from collections.abc import Callable

from apps.azure_sandbox import (
    deployment_operations,
    deployments,
    engine,
    entra,
    faults,
    generic,
    groups,
    offer,
    operations,
    stack_whatif,
    stacks,
)
from apps.azure_sandbox.errors import ArmError
from apps.azure_sandbox.errors import not_implemented as unknown
from apps.azure_sandbox.ids import SCOPE
from apps.azure_sandbox.sandbox import Call, Reply, Sandbox

Handler = Callable[..., Reply]
VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview|-alpha|-beta)?$")

SUB = r"/subscriptions/(?P<subscription>[^/]+)"
GROUP = r"(?P<scope>/subscriptions/[^/]+/resourceGroups/[^/]+)"
ANY = r"(?P<scope>/subscriptions/[^/]+(?:/resourceGroups/[^/]+)?)"
RESOURCES = "/providers/Microsoft.Resources"
COGNITIVE = "/providers/Microsoft.CognitiveServices"
LEARNING = "/providers/Microsoft.MachineLearningServices"
DEPLOYMENTS = rf"{ANY}{RESOURCES}/deployments"
STACKS = rf"{GROUP}{RESOURCES}/deploymentStacks"
STACK_WHATIF = rf"{GROUP}{RESOURCES}/deploymentStacksWhatIfResults"
NAME = r"/(?P<name>[^/]+)"
ACCOUNT = rf"(?P<account>/subscriptions/[^/]+/resourceGroups/[^/]+{COGNITIVE}/accounts/[^/]+)"
DELETED = (
    rf"{SUB}{COGNITIVE}/locations/(?P<location>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    rf"/deletedAccounts{NAME}"
)

TABLE: list[tuple[str, str, Handler]] = [
    ("GET", r"/subscriptions", groups.subscriptions),
    ("GET", r"/tenants", groups.tenants),
    ("GET", SUB, groups.subscription),
    ("GET", rf"{SUB}/providers", groups.providers),
    ("GET", rf"{SUB}/providers/(?P<namespace>[^/]+)", groups.provider),
    ("POST", rf"{SUB}/providers/(?P<namespace>[^/]+)/register", groups.provider),
    ("GET", rf"{SUB}/resourceGroups", groups.listing),
    ("GET", GROUP, groups.get),
    ("HEAD", GROUP, groups.head),
    ("PUT", GROUP, groups.put),
    ("PATCH", GROUP, groups.patch),
    ("DELETE", GROUP, groups.delete),
    ("GET", rf"{ANY}/resources", groups.resource_list),
    ("GET", r".*/operationStatuses/(?P<identity>[^/]+)", operations.status),
    ("GET", r".*/operationresults/(?P<identity>[^/]+)", operations.result),
    ("GET", DEPLOYMENTS, deployments.listing),
    ("GET", rf"{DEPLOYMENTS}{NAME}", deployments.get),
    ("HEAD", rf"{DEPLOYMENTS}{NAME}", deployments.head),
    ("PUT", rf"{DEPLOYMENTS}{NAME}", deployments.put),
    ("DELETE", rf"{DEPLOYMENTS}{NAME}", deployments.delete),
    ("POST", rf"{DEPLOYMENTS}{NAME}/validate", deployments.validate),
    ("POST", rf"{DEPLOYMENTS}{NAME}/whatIf", deployments.what_if),
    # The SDK leaves "providers/Microsoft.Resources" out for a resource group's operations.
    (
        "GET",
        rf"{ANY}(?:{RESOURCES})?/deployments{NAME}/operations",
        deployment_operations.listing,
    ),
    (
        "GET",
        rf"{ANY}(?:{RESOURCES})?/deployments{NAME}/operations/(?P<operation>[^/]+)",
        deployment_operations.get,
    ),
    ("GET", rf"{ANY}{RESOURCES}/deploymentStacks", stacks.listing),
    ("GET", rf"{STACKS}{NAME}", stacks.get),
    ("PUT", rf"{STACKS}{NAME}", stacks.put),
    ("DELETE", rf"{STACKS}{NAME}", stacks.delete),
    ("POST", rf"{STACKS}{NAME}/validate", stacks.validate),
    ("POST", rf"{STACKS}{NAME}/exportTemplate", stacks.export_template),
    ("GET", STACK_WHATIF, stack_whatif.listing),
    ("GET", rf"{STACK_WHATIF}{NAME}", stack_whatif.get),
    ("PUT", rf"{STACK_WHATIF}{NAME}", stack_whatif.put),
    ("DELETE", rf"{STACK_WHATIF}{NAME}", stack_whatif.delete),
    ("POST", rf"{STACK_WHATIF}{NAME}/whatIf", stack_whatif.what_if),
    ("GET", rf"{SUB}{COGNITIVE}/locations/(?P<location>[^/]+)/usages", offer.usages),
    ("GET", rf"{SUB}{LEARNING}/locations/(?P<location>[^/]+)/usages", offer.cluster_usages),
    ("GET", rf"{SUB}{COGNITIVE}/locations/(?P<location>[^/]+)/models", offer.models),
    (
        "GET",
        rf"{SUB}{COGNITIVE}/locations/(?P<location>[^/]+)/modelCapacities",
        offer.capacities,
    ),
    ("GET", rf"{SUB}{COGNITIVE}/modelCapacities", offer.capacities),
    ("GET", rf"{SUB}{COGNITIVE}/deletedAccounts", offer.deleted_accounts),
    ("GET", DELETED, offer.deleted_account),
    ("DELETE", DELETED, offer.purge),
    ("POST", rf"{ACCOUNT}/listKeys", offer.list_keys),
    ("POST", rf"{ACCOUNT}/regenerateKey", offer.regenerate_key),
    ("GET", r"/subscriptions/.+/providers/.+", generic.get),
    ("HEAD", r"/subscriptions/.+/providers/.+", generic.head),
    ("PUT", r"/subscriptions/.+/providers/.+", generic.put),
    ("PATCH", r"/subscriptions/.+/providers/.+", generic.patch),
    ("DELETE", r"/subscriptions/.+/providers/.+", generic.delete),
]
# Clients spell these segments differently; answers spell them one way.
WORDS = {f"/{w.lower()}/": f"/{w}/" for w in ("subscriptions", "resourceGroups", "providers")}
SPELLED = re.compile("|".join(WORDS), re.I)
ROUTES = [(method, re.compile(path + "$", re.I), handler) for method, path, handler in TABLE]


def answer(az: Sandbox, call: Call) -> Reply:
    """Answer one ARM call, after all work that was due until now."""
    entra.check_bearer(az, call.headers.get("authorization", ""))
    call.path = SPELLED.sub(lambda m: WORDS[m[0].lower()], call.path)
    if not call.api_version:
        raise ArmError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if not VERSION.match(call.api_version):
        raise ArmError(
            400, "InvalidApiVersionParameter", f"The api-version '{call.api_version}' is invalid."
        )
    engine.advance(az)
    ordered = faults.match_request(az, call.method, call.path)
    if ordered is not None:
        raise ordered
    scope = SCOPE.match(call.path)
    if scope:
        groups.check_subscription(scope[1])
    for method, pattern, handler in ROUTES:
        match = pattern.match(call.path) if method == call.method else None
        if match:
            reply = handler(az, call, **match.groupdict())
            engine.advance(az)
            return reply
    raise unknown(f"{call.method} {call.path}")
