"""How people sign in: allauth's account flows with the portal's rules and words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.core import context
from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from apps.kernel import formats
from apps.teams import selectors, services

if TYPE_CHECKING:
    from apps.teams.models import Person

LIMIT = {"app": "allauth.account", "action": "login_failed"}
SAID = {"account/messages/password_changed.txt": "The password is changed."}


class SignedIn(AuthenticationBackend):  # type: ignore[misc]
    """Check passwords as allauth does; read whoever is signed in together with their roles."""

    def get_user(self, user_id: int) -> Person | None:
        """Return the person of a session, unless their account is closed."""
        person = selectors.person_with_roles(user_id)
        return person if person and self.user_can_authenticate(person) else None


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up is closed; five failures for an e-mail in 15 minutes lock it out, whoever tries.

    settings.ACCOUNT_RATE_LIMITS holds the numbers. A try is counted before the password is
    looked at, so tries in parallel gain nothing, and an unknown e-mail reads like a known one.
    """

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody makes an account for themselves."""
        return False

    def is_safe_url(self, url: str) -> bool:
        """Follow `?next=` within this very host only."""
        request = context.request
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a try; refuse it, right password or not, while the e-mail is locked out."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            _, pause_s = self._tries(request, **credentials)
            wait = formats.duration(pause_s) if pause_s else "a few minutes"
            raise ValidationError(
                f"Too many tries. Signing in with this e-mail is paused: try again in {wait}.",
                code="too_many_login_attempts",
            ) from None

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Leave a trace, and say how many tries are left."""
        left, pause_s = self._tries(request, **credentials)
        services.record_failed_sign_in(email=str(credentials.get("email", "")), tries_left=left)
        tries = formats.plural(left, "try", "tries") if left else "No tries"
        pause = formats.duration(pause_s)
        self.error_messages = {
            **DefaultAccountAdapter.error_messages,
            "email_password_mismatch": (
                f"E-mail and password do not match. {tries} left, then a pause of {pause}."
                if left
                else f"E-mail and password do not match. {tries} left: a pause of {pause}."
            ),
        }

    def post_login(self, request: HttpRequest, user: Person, **rest: Any) -> HttpResponse:
        """Leave a trace of who signed in."""
        services.record_sign_in(person=user)
        response: HttpResponse = super().post_login(request, user, **rest)
        return response

    def set_password(self, user: Person, password: str) -> None:
        """Set a password, leave a trace, and end a lock-out of its owner."""
        super().set_password(user, password)
        services.record_new_password(person=user)
        self._delete_login_attempts_cached_email(context.request, email=user.email)

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Say only what is news to the person, in the portal's words."""
        if text := SAID.get(message_template or "", message):
            super().add_message(request, level, message=text, extra_tags=extra_tags)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count by e-mail alone: another host name of the portal gives no new tries."""
        return str(credentials.get("email", "")).lower()

    def _tries(self, request: HttpRequest, **credentials: Any) -> tuple[int, float]:
        """Return the tries that an e-mail has left and the seconds until it has five again."""
        key, now = self._get_login_attempts_cache_key(request, **credentials), time.time()
        for rate in ratelimit.get_rates(**LIMIT):
            if rate.per == "key":
                name = ratelimit.get_cache_key(request, **LIMIT, rate=rate, key=key)
                failed = [at for at in cache.get(name, []) if at > now - rate.duration]
                newest_ends = max(failed, default=now) + rate.duration - now
                oldest_ends = min(failed, default=now) + rate.duration - now
                left = rate.amount - len(failed)
                return left, newest_ends if left else oldest_ends
        raise LookupError("ACCOUNT_RATE_LIMITS has no login_failed limit per key.")
