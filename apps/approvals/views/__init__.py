"""The pages of deciding: the inbox with the acts of those who decide, and the policies."""

from apps.approvals.views.votes import approve, ask, inbox, reject

__all__ = ["approve", "ask", "inbox", "reject"]
