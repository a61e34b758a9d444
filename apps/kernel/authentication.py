"""Who calls the API."""

from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request


class SignedIn(SessionAuthentication):
    """Authenticate the API by the session; nobody signed in is 401, not 403."""

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that DRF answers 401."""
        return 'Session realm="portal"'
