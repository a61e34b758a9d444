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
    """A team asks; guards may refuse, with the claims in hand."""

    claims: Sequence[Claim]
    placing: Placing | None
    why: str


@dataclass(frozen=True)
class RequestApproved(RequestEvent):
    """The last needed yes was said."""


@dataclass(frozen=True)
class RequestRejected(RequestEvent):
    """Somebody who decides said no."""


@dataclass(frozen=True)
class RequestWithdrawn(RequestEvent):
    """The team took it back."""


@dataclass(frozen=True)
class RequestReturned(RequestEvent):
    """Azure cannot do it as approved; the requester may change it and ask again."""


@dataclass(frozen=True)
class RequestFailed(RequestEvent):
    """A platform admin gave up building it."""
