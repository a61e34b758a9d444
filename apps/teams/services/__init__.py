"""Refuse what somebody may not do; change who may do what, who pays for a team, and tokens."""

from apps.teams.services.people import (
    deactivate,
    ensure_environments,
    first_admin,
    forget_sessions,
    grant_role,
    move_team,
    record_failed_sign_in,
    record_new_password,
    record_sign_in,
    require,
    require_anywhere,
    revoke_role,
)
from apps.teams.services.tokens import MOST_DAYS, end_token, holder_of, make_token

__all__ = [
    "MOST_DAYS",
    "deactivate",
    "end_token",
    "ensure_environments",
    "first_admin",
    "forget_sessions",
    "grant_role",
    "holder_of",
    "make_token",
    "move_team",
    "record_failed_sign_in",
    "record_new_password",
    "record_sign_in",
    "require",
    "require_anywhere",
    "revoke_role",
]
