"""The pages of deciding: the inbox, the acts of those who decide, offers and delegations."""

from apps.approvals.views.delegations import delegation_end, delegation_new, delegations
from apps.approvals.views.inbox import inbox
from apps.approvals.views.offers import (
    offer_accept,
    offer_decline,
    offer_new,
    offer_take_back,
)
from apps.approvals.views.votes import approve, ask, assign, reject

__all__ = [
    "approve",
    "ask",
    "assign",
    "delegation_end",
    "delegation_new",
    "delegations",
    "inbox",
    "offer_accept",
    "offer_decline",
    "offer_new",
    "offer_take_back",
    "reject",
]
