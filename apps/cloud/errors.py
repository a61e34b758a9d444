"""Azure's refusals as sentences: what happened, who can do something about it, what would pass.

Azure nests the cause: a failed asynchronous deployment answers with HTTP 200 and the reason in
`error.details[]`, sometimes as JSON inside a message. So the body is walked and the HTTP status is
looked at only where no code is known. Codes and what to do: Microsoft's "Resolve common deployment
errors" (learn.microsoft.com, read 2026-11) and what was seen with the real SDK.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from apps.kernel.errors import PortalError

RAW_LENGTH = 20_000
LONGEST_WAIT_S = 3_600


class CloudError(PortalError):
    """Azure said no, or nothing. `code` is Azure's, `raw` what it answered (admins only).

    `over` says that a long-running operation itself has failed: its token is of no use any more.
    `operations` is what was listed of it then, in the words of whoever listed it.
    """

    status = 502
    over = False
    operations: Sequence[Any] = ()

    def __init__(
        self,
        sentence: str,
        *,
        code: str = "",
        raw: str = "",
        correlation_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.raw = raw[:RAW_LENGTH]
        self.correlation_id = correlation_id
        self.retry_after = retry_after

    @property
    def busy(self) -> bool:
        """Say whether Azure only asked to wait its turn: such a wait is not a failure."""
        return self.code in BUSY


class TransientError(CloudError):
    """It may pass by itself: try again later."""


class NeedsPersonError(CloudError):
    """Somebody of the platform has to do something first; then the same may be tried again."""


class PermanentError(CloudError):
    """It will never pass as asked: back to the requester, with what would."""


Says = str | Callable[[str], str]
QUOTA = re.compile(
    r"require (?P<need>[\d.]+) new capacity in quota (?P<meter>.+?), which is bigger than the "
    r"current available capacity (?P<free>[\d.]+).*quota limit is (?P<limit>[\d.]+)",
    re.S,
)
POLICY = re.compile(r'"(?:policyAssignment|policyDefinition)":\{"name":"([^"]+)"')
ACTION = re.compile(r"perform action '([^']+)'")
DOMAIN = re.compile(r"[Ss]ub ?domain name '([^']+)'")
SCOPE = re.compile(r"scope\(s\) are locked: '([^']+)'")


def _quota(message: str) -> str:
    found = QUOTA.search(message)
    if not found:
        return (
            "Azure’s limit leaves no room for this. Choose less, another region or another "
            "deployment type, or ask the platform team to have the limit raised."
        )
    free, limit, need = (round(float(found[name])) for name in ("free", "limit", "need"))
    less = f"Ask for {free} or less, or choose" if free > 0 else "Choose"
    return (
        f"Azure has {free} of {limit} free in the quota “{found['meter']}”, and this needs {need}. "
        f"{less} another region or deployment type."
    )


def _policy(message: str) -> str:
    name = found[1] if (found := POLICY.search(message)) else "of the organisation"
    return (
        f"The Azure policy “{name}” does not allow this. Choose what it allows, or ask the "
        "platform team for an exemption."
    )


def _role(message: str) -> str:
    action = f" ({found[1]})" if (found := ACTION.search(message)) else ""
    return (
        f"The portal’s identity may not do this in Azure{action}. Somebody who owns the "
        "subscription has to give it a role that allows it; then try again."
    )


def _domain(message: str) -> str:
    name = f"The name “{found[1]}”" if (found := DOMAIN.search(message)) else "The account’s name"
    return (
        f"{name} belongs to another account in Azure, or to one that was deleted within 48 hours. "
        "If that one is ours, somebody has to purge it; then try again. If not, set "
        "PORTAL_AZURE_PREFIX to what nobody else uses, give up, and have it submitted again."
    )


def _lock(message: str) -> str:
    scope = f" on {found[1]}" if (found := SCOPE.search(message)) else ""
    return f"A lock{scope} forbids the change. Somebody has to lift it in Azure; then try again."


BUSY_SENTENCE = (
    "Another change is running on the same account; Azure takes one at a time. The portal tries "
    "again by itself."
)
DOWN_SENTENCE = "Azure is not well at the moment. The portal tries again by itself."
TEMPLATE_SENTENCE = (
    "Azure does not accept the portal’s template. That is for the platform team to mend; then "
    "try again."
)
SUBSCRIPTION_SENTENCE = (
    "Azure does not let anything be made in this subscription now: it is unknown or disabled. "
    "Somebody who owns it has to enable it; then try again."
)
ERROR_TABLE: dict[str, tuple[type[CloudError], Says]] = {
    "InsufficientQuota": (PermanentError, _quota),
    "RequestConflict": (TransientError, BUSY_SENTENCE),
    "AnotherOperationInProgress": (TransientError, BUSY_SENTENCE),
    "DeploymentActive": (TransientError, BUSY_SENTENCE),
    "DeploymentStackInNonTerminalState": (TransientError, BUSY_SENTENCE),
    "TooManyRequests": (
        TransientError,
        "Azure asks the portal to slow down. It tries again by itself when Azure said it may.",
    ),
    "FlagMustBeSetForRestore": (
        NeedsPersonError,
        "A deleted account of the same name still keeps its name and quota. Somebody has to purge "
        "or restore it in Azure; then try again.",
    ),
    "CustomDomainInUse": (NeedsPersonError, _domain),
    "AuthorizationFailed": (NeedsPersonError, _role),
    "LinkedAuthorizationFailed": (NeedsPersonError, _role),
    "RequestDisallowedByPolicy": (PermanentError, _policy),
    "ScopeLocked": (NeedsPersonError, _lock),
    "DeploymentModelNotSupported": (
        PermanentError,
        "Azure does not offer this model version here any more. Choose another version or region.",
    ),
    "ServiceModelDeprecated": (
        PermanentError,
        "Azure has retired this model version. Choose the newest version of the model.",
    ),
    "InvalidResourceProperties": (
        PermanentError,
        "Azure does not offer this deployment type or amount for the model. Choose another "
        "deployment type, or an amount in the steps that the model’s page names.",
    ),
    "SpecialFeatureOrQuotaIdRequired": (
        PermanentError,
        "This subscription may not use the model: Azure asks for a registration first. Choose a "
        "model without it, or ask the platform team to register.",
    ),
    "MarketplacePurchaseEligibilityFailed": (
        PermanentError,
        "The subscription may not buy this model in the Azure Marketplace. Choose a model that "
        "Azure sells itself, or ask the platform team to allow the offer.",
    ),
    "InvalidTemplate": (NeedsPersonError, TEMPLATE_SENTENCE),
    "InvalidRequestContent": (NeedsPersonError, TEMPLATE_SENTENCE),
    "SubscriptionNotFound": (NeedsPersonError, SUBSCRIPTION_SENTENCE),
    "InvalidSubscriptionId": (NeedsPersonError, SUBSCRIPTION_SENTENCE),
    "DisabledSubscription": (NeedsPersonError, SUBSCRIPTION_SENTENCE),
    "ReadOnlyDisabledSubscription": (NeedsPersonError, SUBSCRIPTION_SENTENCE),
    "InternalServerError": (TransientError, DOWN_SENTENCE),
    "ServiceUnavailable": (TransientError, DOWN_SENTENCE),
    "ServerTimeout": (TransientError, DOWN_SENTENCE),
    "GatewayTimeout": (TransientError, DOWN_SENTENCE),
    "OperationTimedOut": (TransientError, DOWN_SENTENCE),
}
BUSY = frozenset(
    {*(c for c, row in ERROR_TABLE.items() if row[1] is BUSY_SENTENCE), "TooManyRequests"}
)
GRAVEST_FIRST = (PermanentError, NeedsPersonError, TransientError)


def causes(node: Any) -> Iterator[tuple[str, str]]:
    """Walk an answer for (code, message) pairs, innermost first."""
    if isinstance(node, list):
        for item in node:
            yield from causes(item)
    if isinstance(node, str) and node.lstrip().startswith("{"):
        try:
            yield from causes(json.loads(node))
        except ValueError:
            return
    if not isinstance(node, dict):
        return
    for key in ("details", "innererror", "error", "properties", "message"):
        yield from causes(node.get(key))
    if isinstance(code := node.get("code"), str):
        yield code, str(node.get("message", ""))


def explain(body: Any, *, status: int = 0, headers: Mapping[str, str] | None = None) -> CloudError:
    """Make one error out of Azure's answer: the gravest known cause, or the innermost unknown."""
    found = list(causes(body))
    known = [(code, said) for code, said in found if code in ERROR_TABLE]
    known.sort(key=lambda cause: GRAVEST_FIRST.index(ERROR_TABLE[cause[0]][0]))
    headers = {k.lower(): v for k, v in (headers or {}).items()}
    code, message = (known or found or [("", "")])[0]
    if status == 429 and not known:
        code = "TooManyRequests"  # each service has a name of its own for it
    kind, says = ERROR_TABLE.get(code) or _unknown(code, message, status)
    return kind(
        says if isinstance(says, str) else says(message),
        code=code or f"HTTP {status}",
        raw=body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False),
        correlation_id=headers.get("x-ms-correlation-request-id", ""),
        retry_after=_seconds(headers.get("retry-after", "")),
    )


def _unknown(code: str, message: str, status: int) -> tuple[type[CloudError], str]:
    """Judge what the table does not list by its HTTP status."""
    if status == 408 or status >= 500:
        return TransientError, DOWN_SENTENCE
    said = f"{code}: {message}" if code else f"HTTP {status}"
    return NeedsPersonError, (
        f"Azure refused with an answer that the portal does not know ({said[:300]}). Somebody of "
        "the platform team has to read it; then try again."
    )


def _seconds(text: str) -> float | None:
    """Read a Retry-After; whoever says more than an hour is asked again after one."""
    return min(float(text), LONGEST_WAIT_S) if text.isdecimal() else None
