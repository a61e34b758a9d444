"""The data plane of one Key Vault: secrets, behind the 401 challenge that the SDK follows.

Shapes: azure-rest-api-specs, Microsoft.KeyVault data plane 7.5, `secrets.json`. The vault's address
is the sandbox's own (clients need `verify_challenge_resource=False`).
"""

from __future__ import annotations

import re
from typing import Any

from apps.azure_sandbox import entra
from apps.azure_sandbox.errors import ArmError, bad_request
from apps.azure_sandbox.errors import not_implemented as unknown
from apps.azure_sandbox.ids import guid
from apps.azure_sandbox.sandbox import TENANT, Call, Reply, Sandbox

Json = dict[str, Any]
SECRET = re.compile(r"/secrets/([0-9a-zA-Z-]{1,127})(?:/([0-9a-f]{32})?)?$")


def handle(az: Sandbox, call: Call) -> Reply:
    """Answer a call below `/secrets`."""
    _challenge(az, call)
    if call.path.rstrip("/") == "/secrets" and call.method == "GET":
        return _listing(az)
    match = SECRET.match(call.path)
    if match is None or call.method not in ("GET", "PUT"):
        raise unknown(f"{call.method} {call.path} of a key vault")
    name, version = match[1], match[2]
    return _set(az, call, name) if call.method == "PUT" else _get(az, name, version)


def _challenge(az: Sandbox, call: Call) -> None:
    header = call.headers.get("authorization", "")
    try:
        entra.check_bearer(az, header)
    except ArmError as error:
        error.headers = {
            "WWW-Authenticate": f'Bearer authorization="{az.url}/{TENANT}", '
            'resource="https://vault.azure.net"'
        }
        error.error["code"] = "Unauthorized"
        raise


def _set(az: Sandbox, call: Call, name: str) -> Reply:
    body = call.content()
    if not isinstance(body.get("value"), str):
        raise bad_request("Property value is required.", "BadParameter")
    now, version = int(az.now()), guid().replace("-", "")
    bundle: Json = {
        "value": body["value"],
        "id": f"{az.url}/secrets/{name}/{version}",
        "attributes": {
            "enabled": True,
            **(body.get("attributes") or {}),
            "created": now,
            "updated": now,
            "recoveryLevel": "Recoverable+Purgeable",
            "recoverableDays": 90,
        },
    }
    bundle |= {k: body[k] for k in ("contentType", "tags") if body.get(k)}
    kept = az.store.get("secrets", name) or {"versions": {}}
    kept["versions"][version] = bundle
    kept["latest"] = version
    az.store.put("secrets", name, kept)
    return Reply(200, bundle)


def _get(az: Sandbox, name: str, version: str | None) -> Reply:
    kept = az.store.get("secrets", name)
    bundle = kept["versions"].get(version or kept["latest"]) if kept else None
    if bundle is None:
        raise ArmError(
            404,
            "SecretNotFound",
            f"A secret with (name/id) {name}/{version or ''} was not found in this key vault.",
        )
    return Reply(200, bundle)


def _listing(az: Sandbox) -> Reply:
    items = []
    for name, kept in az.store.all("secrets").items():
        bundle = {k: v for k, v in kept["versions"][kept["latest"]].items() if k != "value"}
        items.append({**bundle, "id": f"{az.url}/secrets/{name}"})
    return Reply(200, {"value": items, "nextLink": None})
