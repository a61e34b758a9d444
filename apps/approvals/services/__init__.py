"""Decide on requests (steps, votes, delegations, offers, the clock), and change the policies."""

from apps.approvals.services.clock import expire, keep_time, resume_clock, stop_clock
from apps.approvals.services.delegation import assign, delegate, end_delegation
from apps.approvals.services.offers import (
    accept_offer,
    decline_offer,
    make_offer,
    take_back_offer,
)
from apps.approvals.services.policies import (
    check,
    put_in_force,
    require_editor,
    require_reader,
)
from apps.approvals.services.steps import close_steps, open_steps, refuse_denied
from apps.approvals.services.votes import approve, ask, reject, still_allowed

__all__ = [
    "accept_offer",
    "approve",
    "ask",
    "assign",
    "check",
    "close_steps",
    "decline_offer",
    "delegate",
    "end_delegation",
    "expire",
    "keep_time",
    "make_offer",
    "open_steps",
    "put_in_force",
    "refuse_denied",
    "reject",
    "require_editor",
    "require_reader",
    "resume_clock",
    "still_allowed",
    "stop_clock",
    "take_back_offer",
]
