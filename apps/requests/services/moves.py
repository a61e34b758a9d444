"""Move a request along its life: by people who decide, and by what happens to its work."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.kernel import states
from apps.kernel.actors import SYSTEM, Actor
from apps.kernel.errors import ConflictError, NotAllowedError
from apps.kernel.events import tell
from apps.requests.events import (
    RequestApproved,
    RequestExpired,
    RequestFailed,
    RequestRejected,
    RequestReturned,
    RequestTakenBack,
    RequestWithdrawn,
)
from apps.requests.kinds import Estimate
from apps.requests.models import ResourceRequest
from apps.requests.protocols import AboutRequest, Trouble
from apps.requests.selectors import may_withdraw
from apps.requests.services.rows import locked, unwritable
from apps.requests.states import UNDECIDED, WITHDRAWABLE, RequestStatus, may_become
from apps.teams import services as teams
from apps.teams.models import Person
from apps.teams.roles import Action

S = RequestStatus


@transaction.atomic
def withdraw_request(*, request: ResourceRequest, reason: str = "", by: Person) -> ResourceRequest:
    """Take a request back and give its capacity free; possible until somebody approved it."""
    row = locked(request.pk)
    if row.status not in WITHDRAWABLE:
        raise ConflictError(
            f"{row.number} is {row.state.label.lower()}; it can no longer be withdrawn."
        )
    if not may_withdraw(by, row):
        raise NotAllowedError(
            f"Only {row.requester.name} or a lead of {row.team} may withdraw {row.number}."
        )
    reason = reason.strip()
    if problem := unwritable(reason, 2_000):
        raise ConflictError(problem)
    _move(row, S.WITHDRAWN, by, note=reason, ended_at=timezone.now())
    tell(RequestWithdrawn(row.pk))
    return row


@transaction.atomic
def change_request(*, request: ResourceRequest, reason: str = "", by: Person) -> ResourceRequest:
    """Take a request back out of its review to change it; what it holds is free until then.

    Whoever may ask for the team may; what was said to it stays, and counts again where nothing
    that it looked at has changed.
    """
    row = locked(request.pk)
    if row.status not in UNDECIDED:
        raise ConflictError(
            f"{row.number} is {row.state.label.lower()}; only what is in review is taken back."
        )
    teams.require(by, Action.REQUEST_CREATE, row.team)
    reason = reason.strip()
    if problem := unwritable(reason, 2_000):
        raise ConflictError(problem)
    _move(row, S.RETURNED, by, note=reason, trouble="")
    tell(RequestTakenBack(row.pk))
    row.refresh_from_db()
    return row


@transaction.atomic
def mark_undone(*, request: ResourceRequest, reason: str, by: Actor) -> None:
    """Note that what was approved was undone before it was carried out."""
    row = locked(request.pk)
    _move(row, S.WITHDRAWN, by, note=reason, ended_at=timezone.now())
    tell(RequestWithdrawn(row.pk))


@transaction.atomic
def begin_review(*, request_id: int, by: Actor) -> None:
    """Hand a submitted request to those who decide."""
    _move(locked(request_id), S.IN_REVIEW, by)


@transaction.atomic
def mark_approved(*, request: ResourceRequest, note: str = "", by: Actor) -> None:
    """Note the last yes; capacity is committed and the build is queued in this transaction.

    `note` is the rule by which the portal itself approved it.
    """
    row = locked(request.pk)
    _move(row, S.APPROVED, by, note=note)
    expected = Estimate.from_json(row.estimate).expected_nano
    tell(RequestApproved(row.pk, team_id=row.team_id, expected_nano=expected))


@transaction.atomic
def mark_rejected(*, request: ResourceRequest, reason: str, by: Actor) -> None:
    """Note a no with its reason; the capacity is free again."""
    row = locked(request.pk)
    _move(row, S.REJECTED, by, note=reason, ended_at=timezone.now())
    tell(RequestRejected(row.pk))


@transaction.atomic
def mark_expired(*, request: ResourceRequest, reason: str, by: Actor) -> None:
    """Note that nobody decided in time; its capacity is free; it may be submitted anew."""
    row = locked(request.pk)
    _move(row, S.EXPIRED, by, note=reason, trouble=reason, ended_at=timezone.now())
    tell(RequestExpired(row.pk))


@transaction.atomic
def mark_failed(*, request: ResourceRequest, reason: str, by: Actor) -> None:
    """Note that the platform gave up building it; the capacity is free again."""
    row = locked(request.pk)
    _move(row, S.FAILED, by, note=reason, trouble=reason, ended_at=timezone.now())
    tell(RequestFailed(row.pk))


def mark_building(event: AboutRequest) -> None:
    """Follow a build that starts, or starts again after somebody helped."""
    row = locked(event.request_id)
    if row.status != S.BUILDING:
        _move(row, S.BUILDING, SYSTEM, trouble="")


def mark_fulfilled(event: AboutRequest) -> None:
    """Follow a build that is done."""
    mark_building(event)
    _move(locked(event.request_id), S.DONE, SYSTEM, ended_at=timezone.now())


def mark_needs_help(event: Trouble) -> None:
    """Follow a build that waits for a person of the platform."""
    row = locked(event.request_id)
    if row.status != S.NEEDS_HELP:
        _move(row, S.NEEDS_HELP, SYSTEM, note=event.sentence, trouble=event.sentence)


def return_to_requester(event: Trouble) -> None:
    """Give a request back that Azure cannot build as approved; the requester may change it.

    One that has ended meanwhile stays ended.
    """
    row = locked(event.request_id)
    if not may_become(row.status, S.RETURNED):
        return
    _move(row, S.RETURNED, SYSTEM, note=event.sentence, trouble=event.sentence)
    tell(RequestReturned(row.pk))


def _move(
    row: ResourceRequest, to: RequestStatus, by: Actor, *, note: str = "", **changes: Any
) -> None:
    states.move(row, to=to, by=by, note=note, changed_at=timezone.now(), **changes)
