"""The lives of a step and of an offer.

step:   waiting ─► open ─► approved | rejected | cancelled
offer:  open ─► accepted | declined | taken_back
"""

from apps.kernel.states import Status, Transitions


class StepStatus(Status):
    """Where one needed yes stands."""

    WAITING = "waiting", "off", "Waiting"
    OPEN = "open", "run", "Open"
    APPROVED = "approved", "good", "Approved"
    REJECTED = "rejected", "bad", "Rejected"
    NOT_NEEDED = "not_needed", "off", "Not needed"
    CANCELLED = "cancelled", "off", "Cancelled"


class OfferStatus(Status):
    """What became of a counter-offer."""

    OPEN = "open", "run", "Open"
    ACCEPTED = "accepted", "good", "Accepted"
    DECLINED = "declined", "off", "Declined"
    TAKEN_BACK = "taken_back", "off", "Taken back"


S = StepStatus
TRANSITIONS: Transitions = {
    S.WAITING: {S.OPEN, S.APPROVED, S.CANCELLED},
    S.OPEN: {S.APPROVED, S.REJECTED, S.CANCELLED},
}
OFFER_TRANSITIONS: Transitions = {
    OfferStatus.OPEN: {OfferStatus.ACCEPTED, OfferStatus.DECLINED, OfferStatus.TAKEN_BACK},
}
