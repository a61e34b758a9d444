"""What every client shares: the identity, the connection, how often to try, errors as sentences."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
)
from azure.core.pipeline.policies import RetryPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import (
    ClientSecretCredential,
    CredentialUnavailableError,
    DefaultAzureCredential,
)
from django.conf import settings

from apps.cloud.calls import Recorder
from apps.cloud.errors import CloudError, NeedsPersonError, TransientError, explain
from apps.kernel.secrets import SecretError, resolve

# One call never outlasts these: 3 × (5 + 20) s and two short sleeps stay below a worker's lease.
RETRIES, LONGEST_SLEEP_S = 2, 3
PATIENCE = {"connection_timeout": 5, "read_timeout": 20}
PUBLIC_AUTHORITY = "https://login.microsoftonline.com"
_open: list[Any] = []


class ShortRetryPolicy(RetryPolicy[Any, Any]):
    """Retry at once, or not at all: a worker that is told to wait gives the job back instead."""

    def is_retry(self, settings: dict[str, Any], response: Any) -> bool:
        """Leave long waits to the job's due_at."""
        long = (self.get_retry_after(response) or 0) > LONGEST_SLEEP_S
        again = not long and super().is_retry(settings, response)
        if again:
            response.http_response.read()  # else the connection is lost with the unread answer
        return bool(again)


def credential() -> TokenCredential:
    """Return the portal's identity: a client secret where one is set, else the machine's own."""
    if settings.AZURE_CLIENT_SECRET.startswith("keyvault:"):
        raise NeedsPersonError(
            "The portal signs in to Key Vault with AZURE_CLIENT_SECRET, so this one secret cannot "
            "be kept there. Use env:NAME or file:/path for it, or leave it empty where the machine "
            "has an identity of its own; then try again."
        )
    try:
        secret = resolve(settings.AZURE_CLIENT_SECRET)
    except SecretError as error:
        raise NeedsPersonError(f"The portal cannot sign in to Azure: {error}") from error
    return _credential(
        settings.AZURE_TENANT_ID,
        settings.AZURE_CLIENT_ID,
        secret,
        settings.AZURE_AUTHORITY_HOST,
        settings.AZURE_CA_BUNDLE,
    )


@lru_cache(maxsize=4)
def _credential(
    tenant: str, client: str, secret: str, authority: str, ca_bundle: str
) -> TokenCredential:
    """Keep the credential, since it caches tokens; a rotated secret makes a new one."""
    common = {
        "authority": authority,
        "connection_verify": ca_bundle or True,
        "retry_total": RETRIES,
        **PATIENCE,
    }
    if secret:
        identity: TokenCredential = ClientSecretCredential(
            tenant,
            client,
            secret,
            disable_instance_discovery=authority.rstrip("/") != PUBLIC_AUTHORITY,
            **common,
        )
    else:
        identity = DefaultAzureCredential(exclude_interactive_browser_credential=True, **common)
    _open.append(identity)
    return identity


@lru_cache(maxsize=4)
def _transport(ca_bundle: str) -> RequestsTransport:
    """Keep connections open between calls of this process."""
    transport = RequestsTransport(connection_verify=ca_bundle or True, **PATIENCE)
    _open.append(transport)
    return transport


def close_connections() -> None:
    """Close what was kept open, and sign in anew at the next call."""
    _credential.cache_clear()
    _transport.cache_clear()
    while _open:
        _open.pop().close()


def options(subject: str) -> dict[str, Any]:
    """Return what every management client gets; the sandbox is an address like any other."""
    return {
        "base_url": settings.AZURE_RESOURCE_MANAGER,
        "credential_scopes": ["https://management.azure.com/.default"],
        "transport": _transport(settings.AZURE_CA_BUNDLE),
        "retry_policy": ShortRetryPolicy(retry_total=RETRIES, retry_backoff_factor=0.3),
        "per_retry_policies": [Recorder(subject)],
        "user_agent": "ai-portal",
    }


@contextmanager
def told_in_sentences() -> Iterator[None]:
    """Turn whatever the SDK raises into a CloudError."""
    try:
        yield
    except AzureError as error:
        told = _sentence(error)
        told.over = getattr(error, "operation_is_over", False)
        raise told from error


def _sentence(error: AzureError) -> CloudError:
    raw = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in raw:
        return NeedsPersonError(
            f"The certificate of {settings.AZURE_RESOURCE_MANAGER} or of its sign-in is not "
            "trusted, so nothing was sent. Set AZURE_CA_BUNDLE to the authority that signed it; "
            "then try again.",
            code="CertificateNotTrusted",
            raw=raw,
        )
    # azure-identity drops Entra ID's answer; what is left of it is the code in the text.
    if isinstance(error, CredentialUnavailableError) or "AADSTS" in raw:
        return _sign_in(raw)
    answer: Any = error.response if isinstance(error, HttpResponseError) else None
    if answer is None:
        return TransientError(
            "Azure did not answer. The portal tries again by itself.", code="NoAnswer", raw=raw
        )
    if isinstance(error, ClientAuthenticationError) and answer.status_code < 500:
        return _sign_in(raw)
    try:
        body: Any = answer.json()
    except ValueError:
        body = answer.text()
    return explain(body, status=answer.status_code, headers=answer.headers)


def _sign_in(raw: str) -> NeedsPersonError:
    return NeedsPersonError(
        "The portal cannot sign in to Azure: its identity is refused. Check the tenant, client id "
        "and client secret in the settings; then try again.",
        code="SignInFailed",
        raw=raw,
    )
