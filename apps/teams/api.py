"""Authenticate programs by their API tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from apps.teams import services

if TYPE_CHECKING:
    from apps.teams.models import ApiToken, Person

REALM = 'Bearer realm="portal"'
UNKNOWN = (
    "This token is not known, has ended or has expired. Make a new one under “API tokens” in your "
    "account menu, and send it as “Authorization: Bearer aip_…”."
)
READS_ONLY = "This token only reads. Make one that may change things to do this."


class Bearer(BaseAuthentication):
    """Take `Authorization: Bearer aip_…`; the token acts with the rights its person has now."""

    def authenticate(self, request: Request) -> tuple[Person, ApiToken] | None:
        """Return the person and the token; None where no token was sent."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        token = words[1].decode("ascii", "replace") if len(words) == 2 else ""
        held = services.holder_of(token) if token.isascii() else None
        if held is None:
            raise AuthenticationFailed(UNKNOWN)
        if held.reads_only and request.method not in SAFE_METHODS:
            raise PermissionDenied(READS_ONLY)
        return held.person, held

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that DRF answers 401."""
        return REALM


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe the token in the schema."""

    target_class = Bearer
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return OpenAPI's words for it."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "aip_…"}
