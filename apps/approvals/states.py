"""The life of a step.

waiting ─► open ─► approved | rejected | cancelled
"""

from apps.kernel.states import Status


class StepStatus(Status):
    """Where one needed yes stands."""

    WAITING = "waiting", "off", "Waiting"
    OPEN = "open", "run", "Open"
    APPROVED = "approved", "good", "Approved"
    REJECTED = "rejected", "bad", "Rejected"
    NOT_NEEDED = "not_needed", "off", "Not needed"
    CANCELLED = "cancelled", "off", "Cancelled"


S = StepStatus
TRANSITIONS = {
    S.WAITING: {S.OPEN, S.CANCELLED},
    S.OPEN: {S.APPROVED, S.REJECTED, S.CANCELLED},
}
