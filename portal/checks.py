"""Refuse to start with a known key, or while a demo account is active outside demo mode."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, connections

from apps.teams import selectors as teams


@checks.register(checks.Tags.security, checks.Tags.database)
def no_demo_accounts(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[checks.CheckMessage]:
    """Look for demo people where none may be; runs where the database may be asked."""
    if settings.DEMO or not databases:
        return []
    try:
        found = teams.demo_people_active()
    except ProgrammingError:  # not migrated yet, so nobody can sign in
        return []
    if not found:
        return []
    return [
        checks.Critical(
            "Demo accounts are active, but this is not demo mode.",
            hint="Run `manage.py end_demo`, or use an empty database.",
            id="portal.E001",
        )
    ]


def refuse_to_start() -> None:
    """Stop a web process or a worker before its first piece of work.

    A database that is away stops it too: whoever started it tries again.
    """
    if settings.SECRET_KEY == settings.NO_SECRET_KEY:
        raise ImproperlyConfigured(
            "DJANGO_SECRET_KEY is not set, so anybody could forge what the portal signs. Set it to "
            "50 random characters or more, for example from: openssl rand -base64 48"
        )
    problems = no_demo_accounts(None, ["default"])
    for connection in connections.all():  # a worker forks next, and a pool does not survive that
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's own
    for found in problems:
        raise ImproperlyConfigured(f"{found.msg} {found.hint}")
