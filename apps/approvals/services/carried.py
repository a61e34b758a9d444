"""Take over the yeses of an earlier submission where nothing that they looked at has changed."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from apps.approvals.models import Decision, Offer, Step
from apps.approvals.selectors import asked, current_steps, decided_elsewhere, holds
from apps.approvals.states import OfferStatus
from apps.requests.models import ResourceRequest
from apps.teams.models import Person


def carry_over(step: Step, request: ResourceRequest) -> int:
    """Take over the yeses of the last like step, and of an accepted offer; returns how many.

    A yes counts as long as whoever gave it may still decide, did not ask themselves, and, where
    four eyes are asked for, has not decided on another step of this round meanwhile.
    """
    alike = Step.objects.filter(
        request=request, round__lt=step.round, label=step.label, who=step.who
    ).order_by("-round", "position")
    taken: dict[int, Decision] = {}
    if offer := _accepted(step, alike):
        taken[offer.voice_id] = _yes(step, request, offer.made_by, offer.voice, offer.note)
    last = alike.filter(rules=step.rules, inputs=step.inputs).first()
    earlier = Decision.objects.filter(step=last, verdict=Decision.Verdict.APPROVE)
    for vote in earlier.select_related("person", "voice") if last else ():
        taken.setdefault(
            vote.voice_id,
            _yes(step, request, vote.person, vote.voice, vote.reason, at=vote.at, carried=vote),
        )
    steps = current_steps(request) if taken else []
    valid = {
        vote.person_id: vote for vote in taken.values() if _may_count(vote, step, request, steps)
    }
    Decision.objects.bulk_create(valid.values())
    return len(valid)


def _accepted(step: Step, alike: QuerySet[Step]) -> Offer | None:
    """Find the offer by which this round came about, if it was made at a step like this one."""
    offers = Offer.objects.filter(
        status=OfferStatus.ACCEPTED, step__in=alike.filter(round=step.round - 1)
    )
    return offers.select_related("made_by", "voice").order_by("-id").first()


def _yes(
    step: Step,
    request: ResourceRequest,
    person: Person,
    voice: Person,
    reason: str,
    *,
    at: datetime | None = None,
    carried: Decision | None = None,
) -> Decision:
    return Decision(
        step=step,
        person=person,
        voice=voice,
        requester=request.requester,
        verdict=Decision.Verdict.APPROVE,
        reason=reason,
        carried_from=carried,
        at=at or timezone.now(),
    )


def _may_count(vote: Decision, step: Step, request: ResourceRequest, steps: Sequence[Step]) -> bool:
    for person in (vote.person, vote.voice):
        if asked(person.pk, step, request) or decided_elsewhere(person, step, steps):
            return False
    return vote.person.is_active and holds(vote.voice, step, request)
