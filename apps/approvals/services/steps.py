"""Freeze the steps of a submission, open them stage by stage, and close them with the request."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from apps.approvals.events import OfferEnded, StepOpened
from apps.approvals.models import Approver, Offer, PolicyVersion, Round, Step
from apps.approvals.rules.words import ALL, Needed, Plan, Who
from apps.approvals.selectors import asked, plan_of, present_steps
from apps.approvals.services.carried import carry_over
from apps.approvals.states import OfferStatus, StepStatus
from apps.capacity import services as capacity
from apps.catalog import selectors as catalog
from apps.kernel import states
from apps.kernel.actors import SYSTEM, Actor
from apps.kernel.errors import ConflictError
from apps.kernel.events import tell
from apps.requests import services as requests
from apps.requests.models import ResourceRequest
from apps.requests.protocols import AboutRequest
from apps.teams import selectors as teams
from apps.teams.models import Person
from apps.teams.roles import Action

UNDECIDED = (StepStatus.WAITING, StepStatus.OPEN)


def refuse_denied(event: AboutRequest) -> None:
    """Refuse what a policy forbids (a guard), with the rule and what would pass."""
    if sentence := denied(requests.locked(event.request_id)):
        raise ConflictError(sentence)


def denied(request: ResourceRequest, plan: Plan | None = None) -> str:
    """Say which policies in force forbid a request, and what would pass; empty if none does.

    Nothing forbids giving back what may not be had any more.
    """
    if request.act == ResourceRequest.Act.DECOMMISSION:
        return ""
    plan = plan or plan_of(request)
    return " ".join(one.sentence for one in plan.denied)


@catalog.one_revision()
def open_steps(event: AboutRequest) -> None:
    """Freeze what the policies say as a new round, open its first stage, begin the review.

    Where nobody is needed the request is approved at once, by the portal, with the rules that say
    so. A step whose like was approved in an earlier round takes over its yeses, if it looks at
    nothing that has changed.
    """
    request = requests.locked(event.request_id)
    before = Step.objects.filter(request=request).order_by("round").last()
    latest = before.round if before else 0
    asked_by = sorted({*(before.asked_by if before else ()), request.requester_id})
    plan, now = plan_of(request), timezone.now()
    begun = Round.objects.create(
        request=request,
        number=latest + 1,
        policy=PolicyVersion.objects.filter(active=True).values_list("number", flat=True).first(),
        hits=[vars(hit) for hit in plan.hits],
        lasts=plan.expires,
        expires_at=now + plan.expires if plan.expires else None,
    )
    capacity.keep_until(subject=request.ref, until_at=begun.expires_at)
    Step.objects.bulk_create(
        _frozen(request, latest + 1, position, one, asked_by)
        for position, one in enumerate(plan.steps, start=1)
    )
    requests.begin_review(request_id=request.pk, by=SYSTEM)
    open_next(request, by=SYSTEM)


def open_next(request: ResourceRequest, *, by: Actor) -> list[Step]:
    """Open the next stage once the present one is through; after the last one approve.

    Returns what was opened. A step that has its yeses from an earlier round is through at once.
    """
    while True:
        steps = list(present_steps(request).filter(status__in=UNDECIDED))
        if any(step.status == StepStatus.OPEN for step in steps):
            return []
        if not steps:
            _approve(request, by)
            return []
        stage = min(step.stage for step in steps)
        opened = [_open(step, request) for step in steps if step.stage == stage]
        if still := [step for step in opened if step.status == StepStatus.OPEN]:
            for step in still:
                _tell_opened(step, request)
            return still


def close_steps(event: AboutRequest) -> None:
    """Cancel what is still undecided: the request was decided, withdrawn or given back."""
    now = timezone.now()
    undecided = Step.objects.filter(request=event.request_id, status__in=UNDECIDED)
    for step in undecided.select_for_update():
        states.move(step, to=StepStatus.CANCELLED, by=SYSTEM, ended_at=now)
    for offer in Offer.objects.filter(request=event.request_id, status=OfferStatus.OPEN):
        end_offer(offer, OfferStatus.TAKEN_BACK, by=SYSTEM)
    _end_round(event.request_id, now)


def end_offer(offer: Offer, to: OfferStatus, *, note: str = "", by: Actor) -> None:
    """End an offer, and tell whoever made it what became of it."""
    states.move(offer, to=to, by=by, note=note, ended_at=timezone.now())
    tell(
        OfferEnded(
            offer.request_id,
            f"{offer.ref}/ended",
            by.ref,
            by.display_name,
            reason=f"{to.label.lower()}. {note}".strip(),
            person_id=offer.made_by_id,
        )
    )


def name_approvers(
    step: Step, people: Iterable[Person], *, why: str, action: str = ""
) -> list[Person]:
    """Let people decide on a step by name, with a right it rests on; returns who is new."""
    known = set(Approver.objects.filter(step=step).values_list("person", flat=True))
    new = [person for person in people if person.pk not in known]
    Approver.objects.bulk_create(
        Approver(step=step, person=person, why=why[:200], action=action) for person in new
    )
    return new


def people_of(who: Mapping[str, Any], step: Step, request: ResourceRequest) -> list[Person]:
    """List the active people behind a frozen `who` of a step; never those who asked."""
    if action := who.get("action"):
        found = teams.people_who_may(Action(action), request.team)
    else:
        found = list(Person.objects.filter(pk__in=who.get("people", ()), is_active=True))
    return [person for person in found if not asked(person.pk, step, request)]


def _frozen(
    request: ResourceRequest, number: int, position: int, one: Needed, asked_by: list[int]
) -> Step:
    who = _who(one.who, everybody=one.quorum == ALL)
    return Step(
        request=request,
        round=number,
        position=position,
        stage=one.stage,
        label=one.label,
        action="" if who.get("all") else who.get("action", ""),
        who=who,
        needed=max(1, one.quorum),
        distinct=one.distinct,
        rule=one.rule[:300],
        rules=list(one.rules),
        inputs=dict(one.inputs),
        asked_by=asked_by,
        status=StepStatus.WAITING if one.needed else StepStatus.NOT_NEEDED,
        deadline_s=_seconds(one.deadline),
        remind_s=_seconds(one.remind),
        escalate_to=_who(one.escalate) if one.escalate else {},
    )


def _who(who: Who, *, everybody: bool = False) -> dict[str, Any]:
    """Freeze who decides: a right, or people by id; an address that nobody has is left out."""
    found: dict[str, Any] = {"all": True} if everybody else {}
    if who.action:
        return {**found, "action": str(who.action)}
    people = [teams.person_by_email(email) for email in who.people]
    found["people"] = [person.pk for person in people if person]
    return {**found, "group": who.group} if who.group else found


def _seconds(span: timedelta | None) -> int | None:
    return int(span.total_seconds()) if span else None


def _open(step: Step, request: ResourceRequest) -> Step:
    """Open a step: name its people, start its clocks, take over what was said before."""
    now = timezone.now()
    needed = _name(step, request)
    states.move(
        step,
        to=StepStatus.OPEN,
        by=SYSTEM,
        audited=False,
        needed=needed,
        opened_at=now,
        due_at=_after(now, step.deadline_s),
        remind_at=_after(now, step.remind_s),
    )
    if step.round > 1 and carry_over(step, request) >= step.needed:
        note = "Nothing that it looks at has changed: the yeses of before count."
        states.move(step, to=StepStatus.APPROVED, by=SYSTEM, note=note, ended_at=now)
    return step


def _tell_opened(step: Step, request: ResourceRequest) -> None:
    asks = request.requester
    key = f"{step.ref}/opened"
    tell(StepOpened(request.pk, key, asks.ref, asks.name, reason=step.rule, step_id=step.pk))


def _after(now: datetime, seconds: int | None) -> datetime | None:
    return now + timedelta(seconds=seconds) if seconds else None


def _name(step: Step, request: ResourceRequest) -> int:
    """Name the people of a step that is not open to a whole role; returns the yeses it needs."""
    if step.action:
        return step.needed
    people = people_of(step.who, step, request)
    group = step.who.get("group", "")
    why = f"Of the group {group}" if group else "Named by the rule"
    name_approvers(step, people, why=why, action=step.who.get("action", ""))
    return max(1, len(people)) if step.who.get("all") else step.needed


def _approve(request: ResourceRequest, by: Actor) -> None:
    """Approve what has all its yeses; where the portal itself does, it says by which rules."""
    _end_round(request.pk, timezone.now())
    note = _why_approved(request) if by == SYSTEM else ""
    requests.mark_approved(request=request, note=note, by=by)


def _why_approved(request: ResourceRequest) -> str:
    """Say why nobody has to be asked, for the timeline and the audit."""
    steps = list(present_steps(request))
    last = max((step.round for step in steps), default=1) - 1
    offers = Offer.objects.filter(request=request, status=OfferStatus.ACCEPTED, step__round=last)
    if offer := offers.select_related("made_by").last():
        return f"{offer.made_by.name} offered exactly this, and it was accepted."
    if any(step.status == StepStatus.APPROVED for step in steps):
        return "Nothing that anybody looks at has changed: the yeses of before count."
    rules = [step.rule for step in steps if step.status == StepStatus.NOT_NEEDED]
    return ". ".join(rules) or "No rule asks for a decision."


def _end_round(request_id: int, now: datetime) -> None:
    Round.objects.filter(request=request_id, ended_at=None).update(ended_at=now, paused_at=None)
