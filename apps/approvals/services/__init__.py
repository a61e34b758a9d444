"""Decide on requests, and change the policies that say who does."""

from apps.approvals.services.policies import (
    check,
    put_in_force,
    require_editor,
    require_reader,
)
from apps.approvals.services.votes import (
    approve,
    ask,
    close_steps,
    open_steps,
    reject,
    require_decider,
)

__all__ = [
    "approve",
    "ask",
    "check",
    "close_steps",
    "open_steps",
    "put_in_force",
    "reject",
    "require_decider",
    "require_editor",
    "require_reader",
]
