"""Ask about what was built: change it, renew it, end it; one open request about a resource."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from apps.capacity.protocols import Claim, Placing
from apps.kernel.errors import ConflictError, InvalidError
from apps.requests.kinds import Estimate, Payload, RequestKind
from apps.requests.models import ResourceRequest
from apps.requests.selectors import (
    FORMLESS,
    Review,
    data_of,
    kind_named,
    open_about,
    payload_of,
    review,
    stays_in_place,
)
from apps.requests.services.drafts import title_of
from apps.requests.states import RequestStatus
from apps.teams import services as teams
from apps.teams.models import Environment, Person, Workload
from apps.teams.roles import Action

Act = ResourceRequest.Act
ENDS = "It is paid for until it is deleted, a week after the approval."


@dataclass(frozen=True)
class Wish:
    """All that a submitted request asks for, checked; `instead_of` is whose promise it takes over.

    A renewal or a decommission claims nothing: what is built holds its capacity already.
    """

    kind: RequestKind
    payload: Payload
    workload: Workload
    environment: Environment
    estimate: Estimate
    claims: Sequence[Claim] = ()
    placing: Placing | None = None
    instead_of: str = ""


@transaction.atomic
def begin_act(*, act: str, about: str, before: ResourceRequest, by: Person) -> ResourceRequest:
    """Begin a request about a resource, filled in as it was built; one's own draft goes on."""
    teams.require(by, Action.REQUEST_CREATE, before.team)
    if open_about(about):
        raise ConflictError(taken(about))
    mine = {"act": act, "about": about, "before": before, "requester": by}
    if draft := ResourceRequest.objects.filter(**mine, status=RequestStatus.DRAFT).first():
        return draft
    kind, data = kind_named(before.kind), dict(data_of(before))
    row = ResourceRequest(
        **mine,
        kind=kind.slug,
        team=before.team,
        workload=before.workload,
        environment=before.environment,
        payload=data,
        payload_version=kind.payload_version,
        changed_at=timezone.now(),
    )
    row.title = title_of(row, kind, data)
    row.save()
    return row


def wish_of(row: ResourceRequest, by: Person) -> Wish:
    """Check all of a request; raises InvalidError with a sentence per field, or ConflictError."""
    if row.about and (other := open_about(row.about)) and other.pk != row.pk:
        raise ConflictError(taken(row.about))
    if row.act in FORMLESS:
        return _as_it_is(row)
    kind = kind_named(row.kind)
    found = review(kind, row.payload, by, before=row.before)
    if found.errors:
        raise InvalidError(_summary(found), found.errors)
    assert found.workload is not None  # noqa: S101  a choice without error
    assert found.environment is not None  # noqa: S101
    row.payload = dict(found.payload.data)
    if row.before and row.payload == data_of(row.before):
        raise ConflictError("Nothing differs from what is built. Change a field, then submit.")
    moves = not stays_in_place(row)
    return Wish(
        kind=kind,
        payload=found.payload,
        workload=found.workload,
        environment=found.environment,
        estimate=found.estimate,
        claims=kind.claims(found.payload),
        placing=kind.placing(found.payload),
        instead_of=row.before.ref if row.before and not moves else "",
    )


def taken(about: str) -> str:
    """Say which request about a resource is open, and what to do about it."""
    other = open_about(about)
    if other is None:
        return "Somebody has just asked for something about it. Reload to see it."
    return (
        f"{other.number} about it is {other.state.label.lower()} since {other.changed_at:%d %b}: "
        f"{other.title}. One thing is asked about a deployment at a time; wait for it, or withdraw "
        "it."
    )


def _as_it_is(row: ResourceRequest) -> Wish:
    """Ask about the very thing that was built; what may not be built today is not renewed."""
    assert row.before is not None  # noqa: S101  begin_act gave it
    kind, payload = kind_named(row.kind), payload_of(row.before, held=True)
    assert row.workload is not None  # noqa: S101
    assert row.environment is not None  # noqa: S101
    if row.act == Act.RENEW and (refused := kind.check(payload)):
        raise ConflictError(
            f"It cannot be renewed as it is. {' '.join(refused.values())} Change it first."
        )
    ends = Estimate(0, 0, 0, note=ENDS)
    estimate = kind.estimate(payload) if row.act == Act.RENEW else ends
    return Wish(kind, payload, row.workload, row.environment, estimate)


def _summary(found: Review) -> str:
    fields = found.kind.spec().fields
    labels = [str(fields[name].label) for name in found.errors]
    if len(labels) == 1:
        return f"{labels[0]}: {next(iter(found.errors.values()))}"
    return f"{len(labels)} fields need another answer: {', '.join(labels)}."
