"""Submit a request: check all of it, freeze it, hold its capacity."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.kernel import states
from apps.kernel.errors import ConflictError, InvalidError, PortalError
from apps.kernel.events import tell
from apps.requests.events import RequestSubmitted
from apps.requests.models import ResourceRequest
from apps.requests.services.acts import Wish, begin_act, taken, wish_of
from apps.requests.services.drafts import editable, save_draft, title_of
from apps.requests.services.rows import present
from apps.requests.services.talk import say
from apps.requests.states import RequestStatus
from apps.teams.models import Person


@transaction.atomic
def submit_request(*, request: ResourceRequest, by: Person) -> ResourceRequest:
    """Freeze payload and estimate, hold the capacity and start the review; all of it or nothing.

    Raises InvalidError with a sentence per field, ConflictError when it was submitted already or
    when the capacity has just gone. Of two submits at once one wins: the row is locked. Whoever
    submits is the requester, and so decides nothing about it.
    """
    by = present(by)
    row = editable(request, by)
    wish = wish_of(row, by)
    _freeze(row, wish, by)
    tell(
        RequestSubmitted(
            row.pk,
            claims=wish.claims,
            placing=wish.placing,
            why=f"{row.number}: {row.title}"[:300],
            team_id=row.team_id,
            instead_of=wish.instead_of,
        )
    )
    row.refresh_from_db()
    return row


def _freeze(row: ResourceRequest, wish: Wish, by: Person) -> None:
    """Move to submitted with all that is asked for; of two acts about one resource one wins."""
    now = timezone.now()
    try:
        with transaction.atomic():
            states.move(
                row,
                to=RequestStatus.SUBMITTED,
                by=by,
                requester=by,
                team=wish.workload.team,
                workload=wish.workload,
                environment=wish.environment,
                title=title_of(row, wish.kind, wish.payload.data),
                payload=dict(wish.payload.data),
                payload_version=wish.kind.payload_version,
                estimate=wish.estimate.as_json(),
                trouble="",
                submitted_at=now,
                changed_at=now,
            )
    except IntegrityError as error:
        if "one_open_request_about_a_resource" not in str(error):
            raise
        raise ConflictError(taken(row.about)) from error


@transaction.atomic
def ask_act(
    *, act: str, about: str, before: ResourceRequest, reason: str = "", by: Person
) -> ResourceRequest:
    """Ask to renew or to end a resource as it is; there is nothing to fill in but a reason."""
    row = submit_request(request=begin_act(act=act, about=about, before=before, by=by), by=by)
    if reason.strip():
        say(request=row, body=reason, by=by)
    return row


@transaction.atomic
def save_and_submit(
    *, kind: str, payload: Mapping[str, Any], request: ResourceRequest | None, by: Person
) -> tuple[ResourceRequest, PortalError | None]:
    """Keep what was typed, then submit exactly that; what was typed stays when it is refused.

    The row stays locked in between: a save that the browser sent before cannot slip in.
    """
    row = save_draft(kind=kind, payload=payload, request=request, by=by)
    try:
        return submit_request(request=row, by=by), None
    except (InvalidError, ConflictError) as refused:
        return row, refused
