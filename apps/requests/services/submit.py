"""Submit a request: check all of it, freeze it, hold its capacity."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.kernel import states
from apps.kernel.errors import ConflictError, InvalidError, PortalError
from apps.kernel.events import tell
from apps.requests.events import RequestSubmitted
from apps.requests.models import ResourceRequest
from apps.requests.selectors import Review, kind_named, review
from apps.requests.services.drafts import editable, save_draft
from apps.requests.services.rows import present
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
    kind = kind_named(row.kind)
    found = review(kind, row.payload, by)
    if found.errors:
        raise InvalidError(_summary(found), found.errors)
    assert found.workload is not None  # noqa: S101  a choice without error
    now = timezone.now()
    states.move(
        row,
        to=RequestStatus.SUBMITTED,
        by=by,
        requester=by,
        team=found.workload.team,
        workload=found.workload,
        environment=found.environment,
        title=kind.title(found.payload.data)[:200],
        payload=dict(found.payload.data),
        payload_version=kind.payload_version,
        estimate=found.estimate.as_json(),
        trouble="",
        submitted_at=now,
        changed_at=now,
    )
    tell(
        RequestSubmitted(
            row.pk,
            claims=kind.claims(found.payload),
            placing=kind.placing(found.payload),
            why=f"{row.number}: {row.title}"[:300],
            team_id=row.team_id,
        )
    )
    row.refresh_from_db()
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


def _summary(found: Review) -> str:
    fields = found.kind.spec().fields
    labels = [str(fields[name].label) for name in found.errors]
    if len(labels) == 1:
        return f"{labels[0]}: {next(iter(found.errors.values()))}"
    return f"{len(labels)} fields need another answer: {', '.join(labels)}."
