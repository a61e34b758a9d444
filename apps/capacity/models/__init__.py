"""Subscriptions, accounts, pools; what is promised out of them, to whom, and what was found."""

from apps.capacity.models.places import Placement, Pool, RealCapacity, Subscription
from apps.capacity.models.promises import Allowance, Commitment, Finding, Hold

__all__ = [
    "Allowance",
    "Commitment",
    "Finding",
    "Hold",
    "Placement",
    "Pool",
    "RealCapacity",
    "Subscription",
]
