"""Decide on requests: open the steps, vote, close them.

Whoever votes locks the request first and its step second, as every service of requests does; of
two votes at the same moment the second sees what the first one did.
"""

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from apps.approvals import rules
from apps.approvals.models import Decision, Step
from apps.approvals.selectors import say_of
from apps.approvals.states import StepStatus
from apps.kernel import formats, states
from apps.kernel.actors import SYSTEM
from apps.kernel.errors import ConflictError, InvalidError, NotAllowedError, StaleStateError
from apps.requests import selectors as asks
from apps.requests import services as requests
from apps.requests.kinds import Estimate
from apps.requests.models import Message, ResourceRequest
from apps.requests.protocols import AboutRequest
from apps.requests.states import RequestStatus
from apps.teams import selectors as people
from apps.teams import services as teams
from apps.teams.models import Person
from apps.teams.roles import Action

MAX_REASON = 2_000


def open_steps(event: AboutRequest) -> None:
    """Freeze the steps of a new round on the request, open the first, begin the review."""
    request = ResourceRequest.objects.get(pk=event.request_id)
    latest = Step.objects.filter(request=request).aggregate(round=Max("round"))["round"] or 0
    needed = rules.steps(
        Estimate.from_json(request.estimate),
        finance_above_usd=settings.FINANCE_DECIDES_ABOVE_USD,
    )
    steps = Step.objects.bulk_create(
        Step(
            request=request,
            round=latest + 1,
            position=position,
            label=step.label,
            action=step.action,
            rule=step.rule,
            status=StepStatus.WAITING if step.needed else StepStatus.NOT_NEEDED,
        )
        for position, step in enumerate(needed, start=1)
    )
    first = next(step for step in steps if step.status == StepStatus.WAITING)
    _open(first)
    requests.begin_review(request_id=request.pk, by=SYSTEM)


@transaction.atomic
def approve(
    *, request: ResourceRequest, reason: str = "", step: int | None = None, by: Person
) -> ResourceRequest:
    """Vote yes on the open step; the last yes approves the request.

    `step` is the one that the person saw: a second press never decides the next step. Checks
    again at this moment: the right to decide, and that offer, residency and capacity still allow
    it. Raises StaleStateError when somebody else was faster.
    """
    row, now = _ready(request, step, by)
    _refuse_outdated(row)
    reason = _reason(reason)
    _vote(now, Decision.Verdict.APPROVE, reason, by)
    states.move(now, to=StepStatus.APPROVED, by=by, note=reason, ended_at=timezone.now())
    following = Step.objects.filter(request=row, round=now.round, status=StepStatus.WAITING).first()
    if following:
        _open(following)
    else:
        requests.mark_approved(request=row, by=by)
    row.refresh_from_db()
    return row


@transaction.atomic
def reject(
    *, request: ResourceRequest, reason: str, step: int | None = None, by: Person
) -> ResourceRequest:
    """Vote no on the open step, with the reason that the requester reads; one no ends it."""
    row, now = _ready(request, step, by, answered=False)
    reason = _reason(reason)
    if not reason:
        sentence = f"Write why, and what would pass; {row.requester.name} reads it."
        raise InvalidError(sentence, {"reason": sentence})
    _vote(now, Decision.Verdict.REJECT, reason, by)
    states.move(now, to=StepStatus.REJECTED, by=by, note=reason, ended_at=timezone.now())
    requests.mark_rejected(request=row, reason=reason, by=by)
    row.refresh_from_db()
    return row


@transaction.atomic
def ask(*, request: ResourceRequest, body: str, step: int | None = None, by: Person) -> Message:
    """Ask the team something before deciding; the request waits for their answer."""
    row, _ = _ready(request, step, by)
    return requests.ask_for_information(request=row, body=body, by=by)


def require_decider(person: Person) -> None:
    """Let somebody open the inbox who decides for any team, or say who does."""
    if not any(people.may_anywhere(person, action) for action in asks.DECIDES):
        raise NotAllowedError(
            "Only those who decide have an inbox: approvers, platform admins, security and finance."
        )


def close_steps(event: AboutRequest) -> None:
    """Cancel what is still undecided: the request was decided, withdrawn or given back."""
    undecided = Step.objects.filter(
        request=event.request_id, status__in=(StepStatus.WAITING, StepStatus.OPEN)
    )
    for step in undecided.select_for_update():
        states.move(step, to=StepStatus.CANCELLED, by=SYSTEM, ended_at=timezone.now())


def _ready(
    request: ResourceRequest, seen: int | None, by: Person, *, answered: bool = True
) -> tuple[ResourceRequest, Step]:
    """Lock request and open step for somebody who may vote on it now, or say why they may not.

    With `answered` an open question has to be answered first.
    """
    row = requests.locked(request.pk)
    by = requests.present(by)
    step = Step.objects.select_for_update().filter(request=row, status=StepStatus.OPEN).first()
    if step is None or (seen is not None and step.pk != seen):
        raise StaleStateError(_faster(row, seen))
    say = say_of(by, row, step)
    if row.requester_id == by.pk:
        raise NotAllowedError(say.why_not)
    teams.require(by, Action(step.action), row.team)
    if answered and row.status != RequestStatus.IN_REVIEW:
        raise ConflictError(f"{row.number} cannot be decided now. {say.why_not}")
    return row, step


def _faster(request: ResourceRequest, seen: int | None) -> str:
    """Say who decided what, and when, to somebody who came second."""
    votes = Decision.objects.filter(step__request=request).select_related("person")
    vote = (votes.filter(step=seen) if seen else votes).order_by("-id").first()
    if vote is None:
        return f"{request.number} is {request.state.label.lower()}; there is nothing to decide."
    did = "approved" if vote.verdict == Decision.Verdict.APPROVE else "rejected"
    return (
        f"{vote.person.name} {did} {request.number} already, {formats.moment(vote.at)} UTC. "
        "Reload to see where it stands."
    )


def _refuse_outdated(row: ResourceRequest) -> None:
    """Refuse a yes to what offer, residency or capacity no longer allow."""
    kind = asks.kind_named(row.kind)
    problems = kind.check(asks.payload_of(row, held=True))
    if problems:
        raise ConflictError(
            f"{row.number} can no longer be approved. {' '.join(problems.values())} "
            f"Reject it and say what would pass, or ask {row.requester.name}."
        )


def _reason(text: str) -> str:
    text = text.replace("\0", "").strip()
    if len(text) > MAX_REASON:
        sentence = f"At most {formats.number(MAX_REASON)} characters fit here. Say it shorter."
        raise InvalidError(sentence, {"reason": sentence})
    return text


def _vote(step: Step, verdict: Decision.Verdict, reason: str, by: Person) -> None:
    Decision.objects.create(
        step=step,
        person=by,
        voice=by,
        requester=step.request.requester,
        verdict=verdict,
        reason=reason,
    )


def _open(step: Step) -> None:
    states.move(step, to=StepStatus.OPEN, by=SYSTEM, audited=False, opened_at=timezone.now())
