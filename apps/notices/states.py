"""The life of a delivery.

pending ─► sending ─► sent | dropped
   ▲          │
   ├──────────┴─► failed
   └────────────────┘ tried again by a person
"""

from apps.kernel.states import Status, Transitions


class DeliveryStatus(Status):
    """Where a message stands."""

    PENDING = "pending", "run", "Waiting"
    SENDING = "sending", "run", "Being sent"
    SENT = "sent", "good", "Sent"
    DROPPED = "dropped", "off", "Not needed"
    FAILED = "failed", "bad", "Failed"


S = DeliveryStatus
TRANSITIONS: Transitions = {
    S.PENDING: {S.SENDING},
    S.SENDING: {S.PENDING, S.SENT, S.DROPPED, S.FAILED},
    S.FAILED: {S.PENDING},
}
