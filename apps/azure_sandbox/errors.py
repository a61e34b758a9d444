"""Azure Resource Manager errors in Azure's own shape and wording.

Shape: https://learn.microsoft.com/azure/azure-resource-manager/management/common-deployment-errors
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

# Code → (status, message). The words are Azure's, as quoted in public issues and docs.
KNOWN: dict[str, tuple[int, str]] = {
    "InsufficientQuota": (
        400,
        "Insufficient quota. Cannot create/update/move resource.",
    ),
    "RequestConflict": (
        409,
        "Another operation is being performed on the parent resource. Please try again later.",
    ),
    "FlagMustBeSetForRestore": (
        409,
        "An existing resource has been soft-deleted. To restore the resource, you must specify "
        "'restore' to be 'true' in the property. If you don't want to restore existing resource, "
        "please purge it first.",
    ),
    "TooManyRequests": (
        429,
        "The request is being throttled as the limit has been reached for operation type. "
        "Please try again later.",
    ),
    "AuthorizationFailed": (
        403,
        "The client does not have authorization to perform action "
        "'Microsoft.CognitiveServices/accounts/deployments/write' over scope or the scope is "
        "invalid. If access was recently granted, please refresh your credentials.",
    ),
    "RequestDisallowedByPolicy": (
        403,
        "Resource was disallowed by policy. Policy identifiers: "
        '\'[{"policyAssignment":{"name":"Allowed locations","id":"/subscriptions/'
        "00000000-0000-4000-8000-000000000101/providers/Microsoft.Authorization/"
        "policyAssignments/allowed-locations\"}}]'.",
    ),
    "ScopeLocked": (
        409,
        "The scope cannot perform write operation because following scope(s) are locked. "
        "Please remove the lock and try again.",
    ),
    "DeploymentModelNotSupported": (
        400,
        "The model of account deployment is not supported.",
    ),
    "InvalidResourceProperties": (
        400,
        "The specified SKU of account deployment is not supported by the model.",
    ),
    "SpecialFeatureOrQuotaIdRequired": (
        400,
        "The subscription does not have QuotaId/Feature required by SKU 'S0' from kind "
        "'AIServices'",
    ),
    "MarketplacePurchaseEligibilityFailed": (
        400,
        "Marketplace purchase eligibilty check returned errors. See inner errors for details.",
    ),
    "InternalServerError": (500, "Encountered internal server error."),
    "ServiceUnavailable": (503, "The service is temporarily unavailable. Please retry."),
}


class ArmError(Exception):
    """Answer a call with an HTTP status and Azure's error object."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: list[Json] | None = None,
        target: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.headers = status, headers or {}
        self.error: Json = {"code": code, "message": message}
        if target:
            self.error["target"] = target
        if details:
            self.error["details"] = details


def known(code: str, message: str = "", status: int = 0) -> ArmError:
    """Build an error by its code; words and status default to Azure's own."""
    default_status, default_message = KNOWN.get(code, (400, f"{code}."))
    return ArmError(status or default_status, code, message or default_message)


def not_implemented(what: str) -> ArmError:
    """Say that Azure may know this and the sandbox does not; tests fail on it."""
    return ArmError(501, "SandboxNotImplemented", f"The Azure sandbox does not know {what}.")


def bad_request(message: str, code: str = "InvalidRequestContent") -> ArmError:
    """Refuse a body that Azure would refuse."""
    return ArmError(400, code, message)


def invalid_template(message: str) -> ArmError:
    """Refuse a template as `Deployment template validation failed`."""
    return ArmError(400, "InvalidTemplate", f"Deployment template validation failed: '{message}'.")


def group_not_found(name: str) -> ArmError:
    """Say that the resource group does not exist."""
    return ArmError(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")


def resource_not_found(resource_type: str, name: str, group: str) -> ArmError:
    """Say that the resource does not exist."""
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{resource_type}/{name}' under resource group '{group}' was not found. For "
        "more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )
