"""Policies, submissions with their steps and votes, delegations and offers."""

from apps.approvals.models.delegations import Delegation
from apps.approvals.models.offers import Offer
from apps.approvals.models.policies import PolicyVersion
from apps.approvals.models.steps import Approver, Decision, Round, Step

__all__ = ["Approver", "Decision", "Delegation", "Offer", "PolicyVersion", "Round", "Step"]
