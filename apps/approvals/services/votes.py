"""Vote on requests, ask about them, and say whether what was decided still stands.

Whoever votes locks the request first and its steps second, as every service of requests does; of
two votes at the same moment the second sees what the first one did.
"""

from django.db import transaction
from django.utils import timezone

from apps.approvals.models import Decision, Step
from apps.approvals.selectors import (
    current_steps,
    holds,
    open_of,
    say_of,
    voices_held,
    yeses_of,
)
from apps.approvals.services.steps import denied, open_next
from apps.approvals.states import StepStatus
from apps.catalog import selectors as catalog
from apps.kernel import audit, formats, states
from apps.kernel.errors import ConflictError, InvalidError, NotAllowedError, StaleStateError
from apps.requests import selectors as asks
from apps.requests import services as requests
from apps.requests.models import Message, ResourceRequest
from apps.requests.states import RequestStatus
from apps.teams.models import Person

MAX_REASON = 2_000
Verdict = Decision.Verdict


@transaction.atomic
def approve(
    *, request: ResourceRequest, reason: str = "", step: int | None = None, by: Person
) -> ResourceRequest:
    """Vote yes on an open step; the last yes of the last step approves the request.

    `step` is the one that the person saw: a second press never decides the next step. Checks
    again at this moment: the right to decide, what the policies forbid, and that offer, residency
    and capacity still allow it. Raises StaleStateError when somebody else was faster.
    """
    row, now, voice = ready(request, step, by)
    refuse_outdated(row)
    reason, yeses = reason_of(reason), yeses_of(now) + 1
    vote = _vote(row, now, Verdict.APPROVE, reason, by, voice)
    if yeses >= now.needed:
        _end(now, StepStatus.APPROVED, by)
    _trace(vote, now, row, yeses)
    if now.status == StepStatus.APPROVED:
        open_next(row, by=by)
        row.refresh_from_db()
    return row


@transaction.atomic
def reject(
    *, request: ResourceRequest, reason: str, step: int | None = None, by: Person
) -> ResourceRequest:
    """Vote no on an open step, with the reason that the requester reads; one no ends it all."""
    row, now, voice = ready(request, step, by, answered=False)
    reason = reason_of(reason)
    if not reason:
        sentence = f"Write why, and what would pass; {row.requester.name} reads it."
        raise InvalidError(sentence, {"reason": sentence})
    vote = _vote(row, now, Verdict.REJECT, reason, by, voice)
    _end(now, StepStatus.REJECTED, by)
    _trace(vote, now, row)
    requests.mark_rejected(request=row, reason=reason, by=by)
    row.refresh_from_db()
    return row


@transaction.atomic
def ask(*, request: ResourceRequest, body: str, step: int | None = None, by: Person) -> Message:
    """Ask the team something before deciding; the clock stands still until they answer."""
    row, *_ = ready(request, step, by)
    return requests.ask_for_information(request=row, body=body, by=by)


def still_allowed(request_id: int) -> str:
    """Say why an approved request may not be built any more; empty if it may.

    Two things are asked again at the run: no policy in force forbids it, and every approved step
    still has the yeses it needs of people whose account is open and whose right to decide, or that
    of whom they acted for, stands. A delegation that has ended since does not undo a vote.
    """
    request = requests.locked(request_id)
    if sentence := denied(request):
        return sentence
    for step in current_steps(request):
        if step.status != StepStatus.APPROVED:
            continue
        votes = [vote for vote in step.decisions.all() if not vote.is_no]
        gone = [v for v in votes if not (v.person.is_active and holds(v.voice, step, request))]
        if len(votes) - len(gone) < step.needed:
            names = ", ".join(vote.person.name for vote in gone)
            return (
                f"{names} said yes for {step.label}, but may not decide on it any more. "
                "Somebody who may has to: submit it again."
            )
    return ""


def ready(
    request: ResourceRequest, seen: int | None, by: Person, *, answered: bool = True
) -> tuple[ResourceRequest, Step, Person]:
    """Lock request and steps for somebody who may vote now, or say why they may not.

    Returns the step with whose voice they are there. With `answered` an open question has to be
    answered first. The roles are read anew, and a delegation that the vote rests on cannot be
    ended until the vote is over.
    """
    row = requests.locked(request.pk)
    by = requests.present(by)
    steps = current_steps(row, lock=True)
    if not any(seen in (None, step.pk) for step in open_of(steps)):
        raise StaleStateError(_faster(row, seen))
    say = say_of(by, row, steps, seen=seen, mine=voices_held(by))
    if say.step is None or say.voice is None:
        raise (ConflictError if say.voted else NotAllowedError)(say.why_not)
    if answered and row.status != RequestStatus.IN_REVIEW:
        raise ConflictError(f"{row.number} cannot be decided now. {say.why_not}")
    return row, say.step, say.voice


@catalog.one_revision()
def refuse_outdated(row: ResourceRequest) -> None:
    """Refuse a yes to what policies, offer, residency or capacity no longer allow."""
    problems = denied(row)
    if not problems and row.act != ResourceRequest.Act.DECOMMISSION:
        kind = asks.kind_named(row.kind)
        problems = " ".join(kind.check(asks.payload_of(row, held=True)).values())
    if problems:
        raise ConflictError(
            f"{row.number} can no longer be approved. {problems} "
            f"Reject it and say what would pass, or ask {row.requester.name}."
        )


def reason_of(text: str) -> str:
    """Return a reason as it is kept; refuse one that is too long."""
    text = text.replace("\0", "").strip()
    if len(text) > MAX_REASON:
        sentence = f"At most {formats.number(MAX_REASON)} characters fit here. Say it shorter."
        raise InvalidError(sentence, {"reason": sentence})
    return text


def _faster(request: ResourceRequest, seen: int | None) -> str:
    """Say who decided what, and when, to somebody who came second."""
    votes = Decision.objects.filter(step__request=request).select_related("person")
    vote = (votes.filter(step=seen) if seen else votes).order_by("-id").first()
    if vote is None:
        return f"{request.number} is {request.state.label.lower()}; there is nothing to decide."
    did = "approved" if vote.verdict == Verdict.APPROVE else "rejected"
    return (
        f"{vote.person.name} {did} {request.number} already, {formats.moment(vote.at)} UTC. "
        "Reload to see where it stands."
    )


def _vote(
    row: ResourceRequest, step: Step, verdict: str, reason: str, by: Person, voice: Person
) -> Decision:
    return Decision.objects.create(
        step=step,
        person=by,
        voice=voice,
        requester=row.requester,
        verdict=verdict,
        reason=reason,
    )


def _end(step: Step, to: StepStatus, by: Person) -> None:
    states.move(step, to=to, by=by, audited=False, ended_at=timezone.now())


def _trace(vote: Decision, step: Step, row: ResourceRequest, yeses: int = 0) -> None:
    """Leave one entry for a vote: whose it was, whose say, and what became of the step."""
    said = "approved" if vote.verdict == Verdict.APPROVE else "rejected"
    after = {"status": step.status, "vote": said}
    if vote.voice != vote.person:
        after["for"] = vote.voice.name
    if yeses and step.needed > 1:
        after["yeses"] = f"{yeses} of {step.needed}"
    audit.record(
        subject=step.ref,
        subject_name=str(step),
        verb=said,
        by=vote.person,
        scope=row.scope,
        before={"status": StepStatus.OPEN},
        after=after,
        note=vote.reason,
    )
