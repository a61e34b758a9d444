"""What happens to a request."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.capacity.protocols import Claim, Placing


@dataclass(frozen=True)
class RequestEvent:
    """Something happened to request `request_id`."""

    request_id: int

    @property
    def subject(self) -> str:
        """The text reference that lower chapters know it by."""
        return f"request:{self.request_id}"


@dataclass(frozen=True)
class RequestSubmitted(RequestEvent):
    """A team asks; guards may refuse, with the claims in hand.

    `instead_of` is the subject whose promise this one takes over once it is built (a change).
    """

    claims: Sequence[Claim]
    placing: Placing | None
    why: str
    team_id: int
    instead_of: str = ""


@dataclass(frozen=True)
class RequestApproved(RequestEvent):
    """The last needed yes was said; `expected_nano` is its list cost a month, None if unknown."""

    team_id: int
    expected_nano: int | None


@dataclass(frozen=True)
class RequestRejected(RequestEvent):
    """Somebody who decides said no."""


@dataclass(frozen=True)
class RequestWithdrawn(RequestEvent):
    """The team took it back."""


@dataclass(frozen=True)
class RequestExpired(RequestEvent):
    """Nobody decided in time; it may be submitted again."""


@dataclass(frozen=True)
class RequestReturned(RequestEvent):
    """Azure cannot do it as approved; the requester may change it and ask again."""


@dataclass(frozen=True)
class RequestTakenBack(RequestEvent):
    """The team took it out of its review to change it; it will be submitted anew."""


@dataclass(frozen=True)
class RequestFailed(RequestEvent):
    """A platform admin gave up building it."""


@dataclass(frozen=True)
class QuestionAsked(RequestEvent):
    """Somebody who decides asks the team something; `message_id` is the question."""

    message_id: int


@dataclass(frozen=True)
class QuestionAnswered(RequestEvent):
    """The team answered; `message_id` is the answer."""

    message_id: int
