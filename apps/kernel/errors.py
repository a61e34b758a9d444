"""Refusals that a person reads: each says what is wrong and what would pass."""

from collections.abc import Mapping


class PortalError(Exception):
    """Refuse an act with a sentence for the person who tried it."""

    status = 400
    code = "refused"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidError(PortalError):
    """Refuse a payload; `fields` maps each field to its sentence."""

    status = 422
    code = "invalid"

    def __init__(self, message: str, fields: Mapping[str, str]) -> None:
        super().__init__(message)
        self.fields = dict(fields)


class NotAllowedError(PortalError):
    """Refuse somebody who can see the row but may not do this to it."""

    status = 403
    code = "not_allowed"


class NotFoundError(PortalError):
    """Say the same of a row that does not exist and of one the viewer may not see."""

    status = 404
    code = "not_found"

    def __init__(self, message: str = "There is nothing here, or it is not yours to see.") -> None:
        super().__init__(message)


class StaleStateError(PortalError):
    """Tell the loser of a race that somebody else was faster."""

    status = 409
    code = "stale"


class ConflictError(PortalError):
    """Refuse what the present state does not allow."""

    status = 409
    code = "conflict"
