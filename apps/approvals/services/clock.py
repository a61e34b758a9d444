"""Keep the time of open steps: remind, escalate, let requests expire; a question stops it all."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.utils import timezone

from apps.approvals.events import StepEscalated, StepReminded
from apps.approvals.models import Offer, Round, Step
from apps.approvals.selectors import open_of, present_steps
from apps.approvals.services.steps import end_offer, name_approvers, people_of
from apps.approvals.states import OfferStatus, StepStatus
from apps.capacity import services as capacity
from apps.kernel import audit, formats
from apps.kernel.actors import SYSTEM
from apps.kernel.events import tell
from apps.requests import services as requests
from apps.requests.protocols import AboutRequest
from apps.requests.states import UNDECIDED, RequestStatus

MOST = 500  # of a kind in one minute; the rest waits for the next one
log = structlog.get_logger(__name__)


def stop_clock(event: AboutRequest) -> None:
    """Let the clocks of a request stand still: its team was asked something.

    Only the team's own time runs: it has as long to answer as a request may wait at all.
    """
    Round.objects.filter(request=event.request_id, ended_at=None, paused_at=None).update(
        paused_at=timezone.now()
    )


def resume_clock(event: AboutRequest) -> None:
    """Let the clocks run again, later by as long as they stood; an offer left open is declined."""
    for offer in Offer.objects.filter(request=event.request_id, status=OfferStatus.OPEN):
        end_offer(offer, OfferStatus.DECLINED, note="Answered in words instead.", by=SYSTEM)
    let_run(event.request_id)


def let_run(request_id: int) -> None:
    """Let the clocks of a request run again, later by as long as they stood still."""
    for row in Round.objects.filter(request=request_id, paused_at__isnull=False):
        if row.paused_at:
            _shift(row, timezone.now() - row.paused_at)


def keep_time() -> int:
    """Remind, escalate and let expire whatever is due; returns how much was done (every minute).

    Each is a transaction of its own: one that fails is logged and does not hold up the others.
    """
    now = timezone.now()
    in_review = Step.objects.filter(status=StepStatus.OPEN, request__status=RequestStatus.IN_REVIEW)
    late = in_review.filter(due_at__lte=now, escalated_at=None).order_by("due_at")
    slow = in_review.filter(remind_at__lte=now).order_by("remind_at")
    return (
        _each(expire, _overdue(now))
        + _each(escalate, late.values_list("pk", flat=True)[:MOST])
        + _each(remind, slow.values_list("pk", flat=True)[:MOST])
    )


@transaction.atomic
def remind(step_id: int) -> bool:
    """Tell those who may decide that a step still waits, if its time has come."""
    step = _open_step(step_id)
    now = timezone.now()
    if step is None or step.remind_at is None or step.remind_at > now or not step.remind_s:
        return False
    step.reminded_at, step.remind_at = now, now + timedelta(seconds=step.remind_s)
    step.save(update_fields=["reminded_at", "remind_at"])
    tell(StepReminded(**_about(step, f"reminded/{now.isoformat()}")))
    return True


@transaction.atomic
def escalate(step_id: int) -> bool:
    """Let others decide on a step that is late, as its policy says; once."""
    step = _open_step(step_id)
    now = timezone.now()
    if step is None or step.due_at is None or step.due_at > now or step.escalated_at:
        return False
    step.escalated_at = now
    step.save(update_fields=["escalated_at"])
    people = people_of(step.escalate_to, step, step.request) if step.escalate_to else []
    why = f"Escalated: nobody decided until {formats.moment(step.due_at)} UTC"
    action = step.escalate_to.get("action", "")
    new = name_approvers(step, people, why=why, action=action)
    audit.record(
        subject=step.request.ref,
        subject_name=str(step.request),
        verb="escalated a step",
        by=SYSTEM,
        scope=step.scope,
        after={"step": step.label, "to": ", ".join(one.name for one in new) or "nobody new"},
        note=f"Due {formats.moment(step.due_at)} UTC. {step.rule}"[:2000],
    )
    tell(StepEscalated(**_about(step, "escalated")))
    return True


@transaction.atomic
def expire(request_id: int) -> bool:
    """End a request that waited longer than the policies let it; its capacity is free again."""
    request = requests.locked(request_id)
    now = timezone.now()
    if request.status not in UNDECIDED or not _overdue(now).filter(request=request_id).exists():
        return False
    row = Round.objects.get(request=request_id, ended_at=None)
    lasts = formats.duration(row.lasts or timedelta())
    if row.paused_at:
        whom = f"Nobody answered the question within {lasts}"
    else:
        labels = " and ".join(step.label for step in open_of(present_steps(request)))
        whom = f"Nobody decided for {labels} within {lasts}"
    reason = f"{whom}, so it has expired and holds nothing any more. Submit it again to ask anew."
    requests.mark_expired(request=request, reason=reason, by=SYSTEM)
    return True


def _overdue(now: datetime) -> QuerySet[Any, int]:
    """Find the requests whose time is over: to be decided, or to be answered."""
    late = Q(paused_at=None, expires_at__lte=now)
    unanswered = Q(paused_at__lte=Value(now) - F("lasts"))
    rows = Round.objects.filter(late | unanswered, ended_at=None, request__status__in=UNDECIDED)
    return rows.order_by("expires_at").values_list("request", flat=True)


def _open_step(pk: int) -> Step | None:
    """Lock an open step that waits for a decision, its request first."""
    found = Step.objects.filter(pk=pk).values_list("request", flat=True).first()
    if found is None or requests.locked(found).status != RequestStatus.IN_REVIEW:
        return None
    rows = Step.objects.select_for_update(of=("self",)).select_related("request__team")
    return rows.filter(pk=pk, status=StepStatus.OPEN).first()


def _about(step: Step, what: str) -> dict[str, Any]:
    since = formats.moment(step.opened_at) if step.opened_at else formats.UNKNOWN
    return {
        "request_id": step.request_id,
        "key": f"{step.ref}/{what}",
        "actor": SYSTEM.ref,
        "actor_name": SYSTEM.display_name,
        "reason": f"{step.label} waits since {since} UTC",
        "step_id": step.pk,
    }


def _shift(row: Round, waited: timedelta) -> None:
    Round.objects.filter(pk=row.pk).update(paused_at=None, expires_at=F("expires_at") + waited)
    row.refresh_from_db()
    capacity.keep_until(subject=row.request.ref, until_at=row.expires_at)
    Step.objects.filter(request=row.request_id, status=StepStatus.OPEN).update(
        due_at=F("due_at") + waited, remind_at=F("remind_at") + waited
    )


def _each(act: Callable[[int], bool], ids: QuerySet[Any, int]) -> int:
    done = 0
    for pk in list(ids[:MOST]):
        try:
            done += act(pk)
        except Exception:
            log.exception("the clock failed", act=act.__name__, id=pk)
    return done
