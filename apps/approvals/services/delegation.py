"""Let somebody act for somebody else, and hand a step to somebody by name."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.approvals.events import StepHandedOn
from apps.approvals.models import Delegation, Step
from apps.approvals.selectors import (
    asked,
    current_steps,
    holds,
    may_hand_on,
    open_of,
    voices_held,
)
from apps.approvals.services.steps import name_approvers
from apps.kernel import audit, formats
from apps.kernel.errors import ConflictError, InvalidError, NotAllowedError, StaleStateError
from apps.kernel.events import tell
from apps.requests import services as requests
from apps.requests.models import ResourceRequest
from apps.teams import services as teams
from apps.teams.models import Person
from apps.teams.roles import Action

LONGEST = timedelta(days=366)
MAX_NOTE = 200


@transaction.atomic
def delegate(
    *,
    to: Person,
    from_at: datetime,
    to_at: datetime,
    note: str = "",
    for_person: Person | None = None,
    by: Person,
) -> Delegation:
    """Let `to` decide in one's place in [from_at, to_at), or, as an admin, in somebody else's.

    A start in the past is now. One delegate at a time: of two overlapping ones the second is
    refused, also when both come at the same moment. What was handed on is not handed on further.
    """
    giver = for_person or by
    if giver != by:
        teams.require(by, Action.POLICY_EDIT, None)
    from_at = max(from_at, timezone.now())
    _refuse_delegation(giver, to, from_at, to_at)
    try:
        with transaction.atomic():
            row = Delegation.objects.create(
                by_person=giver,
                to_person=to,
                from_at=from_at,
                to_at=to_at,
                note=_note(note),
                made_by=by,
            )
    except IntegrityError:
        raise ConflictError(_overlap(giver, from_at, to_at)) from None
    _record(row, "let somebody act for them", by, until=to_at)
    return row


@transaction.atomic
def end_delegation(*, delegation: Delegation, by: Person) -> Delegation:
    """End a delegation now: whoever gave it, whoever has it, or an admin.

    A vote that rests on it and has begun is over before it ends.
    """
    row = Delegation.objects.select_for_update().get(pk=delegation.pk)
    if by.pk not in (row.by_person_id, row.to_person_id):
        teams.require(by, Action.POLICY_EDIT, None)
    now = timezone.now()
    if row.to_at <= now:
        raise ConflictError(f"It has ended {formats.moment(row.to_at)} UTC.")
    row.to_at = max(now, row.from_at) if row.from_at > now else now
    row.save(update_fields=["to_at"])
    _record(row, "ended a delegation", by, until=row.to_at)
    return row


@transaction.atomic
def assign(
    *, request: ResourceRequest, step: int | None, person: Person, why: str, by: Person
) -> Step:
    """Hand an open step to somebody by name; whoever could decide on it still can.

    A platform admin may, and whoever may decide on the step, if one yes is enough. The person sees
    the request as long as the step is open.
    """
    row = requests.locked(request.pk)
    by = requests.present(by)
    steps = current_steps(row)
    now = next((one for one in open_of(steps) if step in (None, one.pk)), None)
    if now is None:
        raise StaleStateError(f"This step of {row.number} is not open any more. Reload to see it.")
    if not may_hand_on(by, now, row, steps, voices_held(by)):
        raise NotAllowedError(_who_hands_on(now))
    why = _note(why)
    if refused := _why_not_assign(row, now, person, why):
        raise InvalidError(refused, {"why" if not why else "person": refused})
    name_approvers(now, [person], why=f"{by.name}: {why}")
    audit.record(
        subject=row.ref,
        subject_name=str(row),
        verb="handed on a step",
        by=by,
        scope=row.scope,
        after={"step": now.label, "to": person.name},
        note=why,
    )
    key = f"{now.ref}/handed/{person.pk}"
    tell(StepHandedOn(row.pk, key, by.ref, by.name, why, step_id=now.pk, person_id=person.pk))
    return now


def _who_hands_on(step: Step) -> str:
    if step.needed > 1:
        return (
            f"{step.needed} yeses are needed for {step.label}. One person cannot name the others; "
            "a platform admin may hand it on."
        )
    return (
        f"Only those who may decide for {step.label} now, or a platform admin, may hand it on; "
        "never whoever asked."
    )


def _why_not_assign(row: ResourceRequest, step: Step, person: Person, why: str) -> str:
    if not why:
        return f"Write why; {person.name} reads it."
    if not person.is_active:
        return f"The account of {person.name} is closed. Name somebody who can sign in."
    if asked(person.pk, step, row):
        return f"{person.name} asked for this. Nobody decides on their own request."
    if holds(person, step, row):
        return f"{person.name} may decide for {step.label} already."
    return ""


def _refuse_delegation(giver: Person, to: Person, from_at: datetime, to_at: datetime) -> None:
    field, problem = "", ""
    if to == giver:
        field, problem = "to", "Nobody acts for themselves. Name a colleague."
    elif not to.is_active:
        field, problem = "to", f"The account of {to.name} is closed. Name somebody who can sign in."
    elif not giver.is_active:
        field, problem = "for", f"The account of {giver.name} is closed; it has no say any more."
    elif to_at <= from_at:
        field, problem = "until", "It ends before it begins. Choose a later last day."
    elif to_at - from_at > LONGEST:
        field, problem = "until", "At most a year. Grant a role for what lasts longer."
    if problem:
        raise InvalidError(problem, {field: problem})
    if problem := _overlap(giver, from_at, to_at):
        raise ConflictError(problem)


def _overlap(giver: Person, from_at: datetime, to_at: datetime) -> str:
    """Name the delegation that overlaps; empty if there is none."""
    rows = Delegation.objects.filter(by_person=giver, from_at__lt=to_at, to_at__gt=from_at)
    other = rows.select_related("to_person").first()
    if other is None:
        return ""
    return (
        f"{other.to_person.name} acts for {giver.name} until {formats.moment(other.to_at)} UTC "
        "already. End that first, or begin after it."
    )


def _note(text: str) -> str:
    text = text.replace("\0", "").strip()
    if len(text) > MAX_NOTE:
        sentence = f"At most {MAX_NOTE} characters fit here. Say it shorter."
        raise InvalidError(sentence, {"note": sentence})
    return text


def _record(row: Delegation, verb: str, by: Person, *, until: datetime) -> None:
    audit.record(
        subject=row.ref,
        subject_name=str(row),
        verb=verb,
        by=by,
        after={
            "for": row.by_person.name,
            "to": row.to_person.name,
            "from": row.from_at.isoformat(timespec="minutes"),
            "until": until.isoformat(timespec="minutes"),
        },
        note=row.note,
    )
