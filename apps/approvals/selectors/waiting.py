"""What requests wait for: whom, by which rule, since when, and what would pass."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

from django.db.models import prefetch_related_objects

from apps.approvals.models import Offer, Round, Step
from apps.approvals.selectors.actors import actions_of, actors_of
from apps.approvals.selectors.desks import APPROVERS, open_of, present_steps, votes_of
from apps.approvals.states import OfferStatus
from apps.kernel import formats
from apps.requests.models import ResourceRequest
from apps.requests.selectors import Wait, names_of
from apps.requests.states import RequestStatus
from apps.teams import selectors as teams

S = RequestStatus
NOBODY = "nobody yet; ask a platform admin to hand it to somebody"


def waiting_for(rows: Sequence[ResourceRequest]) -> Mapping[int, Sequence[Wait]]:
    """Return what each request waits for by its id, in a few queries for all of them."""
    found: dict[int, Sequence[Wait]] = {
        row.pk: [_change(row)] for row in rows if row.status == S.RETURNED
    }
    asked = [row for row in rows if row.status == S.NEEDS_INFO]
    if asked:
        since = dict(
            Round.objects.filter(request__in=asked, ended_at=None).values_list(
                "request", "paused_at"
            )
        )
        offers = set(
            Offer.objects.filter(request__in=asked, status=OfferStatus.OPEN).values_list(
                "request", flat=True
            )
        )
        found |= {
            row.pk: [_answer(row, since.get(row.pk), offered=row.pk in offers)] for row in asked
        }
    reviewed = [row for row in rows if row.status == S.IN_REVIEW]
    return found | _decisions(reviewed)


def yeses_of(step: Step) -> int:
    """Count the yeses that an open step has."""
    return sum(not vote.is_no for vote in votes_of(step))


def still_needed(step: Step) -> str:
    """Say how many yeses are still needed: `One yes is enough`, `One more of two yeses`."""
    said = yeses_of(step)
    if step.needed == 1:
        return "One yes is enough"
    return f"{formats.plural(step.needed, 'yes', 'yeses')} needed, {said or 'none'} so far"


def _decisions(rows: Sequence[ResourceRequest]) -> dict[int, Sequence[Wait]]:
    if not rows:
        return {}
    by_pk = {row.pk: row for row in rows}
    steps = list(present_steps(*rows).order_by("request", "position"))
    rounds = {pk: list(same) for pk, same in groupby(steps, key=lambda step: step.request_id)}
    parted = {step.request_id for step in steps if step.distinct}
    heard = [step for step in steps if step.needed > 1 or step.request_id in parted]
    waiting = open_of(steps)
    prefetch_related_objects(heard, "decisions")
    prefetch_related_objects(waiting, APPROVERS)
    wanted = {pair for step in waiting for pair in actions_of([step], by_pk[step.request_id])}
    by_role = teams.people_who_may_each(wanted)
    found: dict[int, list[Wait]] = {}
    for step in waiting:
        request = by_pk[step.request_id]
        people = actors_of(step, request, by_role, rounds[request.pk])
        passes = f"{still_needed(step)}: {names_of(people) or NOBODY}."
        found.setdefault(step.request_id, []).append(
            Wait(step.label, step.rule, people, step.opened_at, step.due_at, passes)
        )
    return {pk: tuple(waits) for pk, waits in found.items()}


def _answer(row: ResourceRequest, since: datetime | None, *, offered: bool) -> Wait:
    passes = "An answer puts it back in review."
    if offered:
        passes = "Accepting the offer submits it as offered; declining puts it back in review."
    label = "Offer" if offered else "Answer"
    rule = "An offer is open" if offered else "A question is open"
    return Wait(label, rule, [row.requester], since or row.changed_at, None, passes)


def _change(row: ResourceRequest) -> Wait:
    passes = f"{row.requester.name} changes it and submits it again, or withdraws it."
    rule = row.trouble or "Taken back to be changed"
    return Wait("Change", rule, [row.requester], row.changed_at, None, passes)
