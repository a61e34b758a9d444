"""The life of a request.

draft ─► submitted ─► in_review ◄─► needs_info
                        │  │
      rejected ◄────────┘  └► approved ─► building ─► done
                                 │           ├► needs_help ─► building | failed
                                 └───────────┴► returned ─► submitted
returned: also from review, when the team takes it back to change it
withdrawn: from every state before the approval, and from returned; from approved only by what
restores a resource before its deletion begins
expired: from review, when nobody decided in time; it may be submitted again
"""

from apps.kernel.states import Status


class RequestStatus(Status):
    """Where an ask stands."""

    DRAFT = "draft", "off", "Draft"
    SUBMITTED = "submitted", "run", "Submitted"
    IN_REVIEW = "in_review", "run", "In review"
    NEEDS_INFO = "needs_info", "warn", "Needs info"
    APPROVED = "approved", "run", "Approved"
    BUILDING = "building", "run", "Building"
    DONE = "done", "good", "Done"
    NEEDS_HELP = "needs_help", "bad", "Needs help"
    RETURNED = "returned", "warn", "Needs a change"
    REJECTED = "rejected", "bad", "Rejected"
    FAILED = "failed", "bad", "Failed"
    WITHDRAWN = "withdrawn", "off", "Withdrawn"
    EXPIRED = "expired", "off", "Expired"


S = RequestStatus
TRANSITIONS = {
    S.DRAFT: {S.SUBMITTED, S.WITHDRAWN},
    S.SUBMITTED: {S.IN_REVIEW, S.WITHDRAWN},
    S.IN_REVIEW: {S.NEEDS_INFO, S.APPROVED, S.REJECTED, S.WITHDRAWN, S.RETURNED, S.EXPIRED},
    S.NEEDS_INFO: {S.IN_REVIEW, S.REJECTED, S.WITHDRAWN, S.RETURNED, S.EXPIRED},
    S.APPROVED: {S.BUILDING, S.RETURNED, S.NEEDS_HELP, S.WITHDRAWN},
    S.BUILDING: {S.DONE, S.NEEDS_HELP, S.RETURNED},
    S.NEEDS_HELP: {S.BUILDING, S.FAILED, S.RETURNED},
    S.RETURNED: {S.SUBMITTED, S.WITHDRAWN},
    S.EXPIRED: {S.SUBMITTED, S.WITHDRAWN},
}
UNDECIDED = (S.IN_REVIEW, S.NEEDS_INFO)
EDITABLE = (S.DRAFT, S.RETURNED, S.EXPIRED)
WITHDRAWABLE = tuple(s for s, to in TRANSITIONS.items() if S.WITHDRAWN in to and s != S.APPROVED)
OPEN = (S.SUBMITTED, S.IN_REVIEW, S.NEEDS_INFO, S.APPROVED, S.BUILDING, S.NEEDS_HELP, S.RETURNED)
ENDED = (S.DONE, S.REJECTED, S.FAILED, S.WITHDRAWN, S.EXPIRED)


def may_become(status: str, to: RequestStatus) -> bool:
    """Say whether a request in `status` can move to `to`."""
    return to in TRANSITIONS.get(RequestStatus(status), ())
