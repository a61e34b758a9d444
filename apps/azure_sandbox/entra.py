"""Just enough Entra ID for azure-identity's ClientSecretCredential and `az login`.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import parse_qs

from apps.azure_sandbox.errors import ArmError
from apps.azure_sandbox.ids import guid
from apps.azure_sandbox.sandbox import CLIENT, PRINCIPAL, TENANT, Reply, Sandbox, stamp

Json = dict[str, Any]
LIFETIME_S = 3600


def endpoints(az: Sandbox) -> Reply:
    """Describe the cloud, as `az cloud register --endpoint-resource-manager` reads it."""
    return Reply(
        200,
        {
            "name": "AzureSandbox",
            "portal": az.url,
            "authentication": {
                "loginEndpoint": az.url,
                "audiences": [az.url, f"{az.url}/"],
                "tenant": "common",
                "identityProvider": "AAD",
            },
            "graph": az.url,
            "graphAudience": az.url,
            "microsoftGraphResourceId": az.url,
            "resourceManager": f"{az.url}/",
            "suffixes": {"keyVaultDns": "vault.azure.net", "storage": "core.windows.net"},
        },
    )


def openid_configuration(az: Sandbox, tenant: str) -> Reply:
    """Say where tokens come from."""
    base = f"{az.url}/{tenant}"
    return Reply(
        200,
        {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_types_supported": ["code", "id_token", "token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        },
    )


def token(az: Sandbox, tenant: str, form: bytes) -> Reply:
    """Give a bearer token for the client and its secret."""
    given = {k: v[0] for k, v in parse_qs(form.decode()).items()}
    if tenant.lower() != TENANT:
        return _refusal(400, 90002, "invalid_request", f"Tenant '{tenant}' not found.")
    if given.get("grant_type") != "client_credentials":
        return _refusal(
            400,
            70003,
            "unsupported_grant_type",
            f"The app requested an unsupported grant type '{given.get('grant_type')}'.",
        )
    if given.get("client_id", "").lower() != CLIENT:
        return _refusal(
            400,
            700016,
            "unauthorized_client",
            f"Application with identifier '{given.get('client_id')}' was not found in the "
            "directory 'Azure sandbox'.",
        )
    if not hmac.compare_digest(given.get("client_secret", ""), az.settings["client_secret"]):
        return _refusal(
            401,
            7000215,
            "invalid_client",
            "Invalid client secret provided. Ensure the secret being sent in the request is the "
            f"client secret value, not the client secret ID, for a secret added to app '{CLIENT}'.",
        )
    audience = given.get("scope", "").removesuffix("/.default")
    return Reply(
        200,
        {
            "token_type": "Bearer",
            "expires_in": LIFETIME_S,
            "ext_expires_in": LIFETIME_S,
            "access_token": _sign(az, audience),
        },
    )


def check_bearer(az: Sandbox, header: str) -> None:
    """Refuse a call without a token of ours that is still valid."""
    scheme, _, value = header.partition(" ")
    challenge = {
        "WWW-Authenticate": f'Bearer authorization_uri="{az.url}/{TENANT}", error="invalid_token", '
        'error_description="The access token is missing or invalid."'
    }
    if scheme.lower() != "bearer" or not value:
        raise ArmError(
            401,
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.",
            headers=challenge,
        )
    signed, _, mark = value.rpartition(".")
    if not hmac.compare_digest(_mac(az, signed), mark):
        raise ArmError(
            401, "InvalidAuthenticationToken", "The access token is invalid.", headers=challenge
        )
    try:
        claims = json.loads(base64.urlsafe_b64decode(signed.split(".")[1] + "=="))
    except (ValueError, IndexError, binascii.Error):
        claims = {}
    if claims.get("exp", 0) < time.time():
        raise ArmError(
            401,
            "ExpiredAuthenticationToken",
            "The access token expiry UTC time is earlier than current UTC time.",
            headers=challenge,
        )


def _sign(az: Sandbox, audience: str) -> str:
    now = int(time.time())
    claims = {
        "aud": audience,
        "iss": f"{az.url}/{TENANT}/v2.0",
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME_S,
        "appid": CLIENT,
        "oid": PRINCIPAL,
        "sub": PRINCIPAL,
        "tid": TENANT,
    }
    signed = f"{_encode({'alg': 'HS256', 'typ': 'JWT'})}.{_encode(claims)}"
    return f"{signed}.{_mac(az, signed)}"


def _mac(az: Sandbox, text: str) -> str:
    key = bytes.fromhex(az.settings["token_key"])
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _encode(document: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def _refusal(status: int, number: int, error: str, words: str) -> Reply:
    at = stamp(time.time())[:19].replace("T", " ") + "Z"
    trace, correlation = guid(), guid()
    return Reply(
        status,
        {
            "error": error,
            "error_description": f"AADSTS{number}: {words} Trace ID: {trace} Correlation ID: "
            f"{correlation} Timestamp: {at}",
            "error_codes": [number],
            "timestamp": at,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={number}",
        },
    )
