"""Refuse to start while a demo account is active outside demo mode."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

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
    except DatabaseError:
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
    """Stop a web process or a worker before its first piece of work."""
    for found in no_demo_accounts(None, ["default"]):
        raise ImproperlyConfigured(f"{found.msg} {found.hint}")
