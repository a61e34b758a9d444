"""Who may act on the open steps now, and who may hand one on."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from apps.approvals.models import Step
from apps.approvals.selectors.desks import (
    asked,
    current_steps,
    decided_elsewhere,
    open_of,
    seat_at,
    votes_of,
)
from apps.approvals.selectors.voices import delegates_of
from apps.requests.models import ResourceRequest
from apps.teams import selectors as teams
from apps.teams.models import Person, Team
from apps.teams.roles import Action

ByRole = Mapping[tuple[Action, int], Collection[Person]]  # by what they may do in which team


def next_actors(
    request: ResourceRequest, step: Step | None = None, steps: Sequence[Step] | None = None
) -> list[Person]:
    """List who may decide an open step now, and those who act for one of them.

    Without a step: who may decide any of those that are open. `steps` are all of the round.
    """
    steps = current_steps(request) if steps is None else steps
    wanted = open_of(steps) if step is None else [step]
    by_role = teams.people_who_may_each(actions_of(wanted, request))
    found: dict[int, Person] = {}
    for one in wanted:
        people = actors_of(one, request, by_role, steps)
        acting = _free(delegates_of(people).values(), one, request, steps)
        found |= {person.pk: person for person in (*people, *acting) if person.pk not in found}
    return list(found.values())


def actions_of(steps: Iterable[Step], request: ResourceRequest) -> list[tuple[Action, Team]]:
    """List the rights on which it rests who may decide on some steps, with the team."""
    named = [one.action for step in steps for one in step.approvers.all()]
    actions = dict.fromkeys((*(step.action for step in steps), *named))
    return [(Action(action), request.team) for action in actions if action]


def actors_of(
    step: Step, request: ResourceRequest, by_role: ByRole, steps: Sequence[Step]
) -> list[Person]:
    """List who may decide on a step by role or by name, without those who may not any more.

    That is whoever asked, has voted, has somebody who voted for them, or, where four eyes are
    asked for, has decided on another of the `steps` of the round.
    """
    people = list(by_role[Action(step.action), request.team_id]) if step.action else []
    for one in step.approvers.all():
        may = by_role[Action(one.action), request.team_id] if one.action else [one.person]
        if one.person.is_active and one.person in may:
            people.append(one.person)
    heard = {vote.voice_id for vote in votes_of(step)}
    people = [person for person in dict.fromkeys(people) if person.pk not in heard]
    return _free(people, step, request, steps)


def may_hand_on(
    person: Person,
    step: Step,
    request: ResourceRequest,
    steps: Sequence[Step],
    mine: Sequence[Person],
) -> bool:
    """Say whether somebody may hand a step on; never on a request of their own.

    A platform admin may. Whoever could decide on it now may too, if one yes is enough: of several,
    one person would choose the others.
    """
    if asked(person.pk, step, request):
        return False
    if teams.may(person, Action.POLICY_EDIT, request.team):
        return True
    return step.needed == 1 and seat_at(step, person, request, steps, mine).voice is not None


def _free(
    people: Iterable[Person], step: Step, request: ResourceRequest, steps: Sequence[Step]
) -> list[Person]:
    """Leave out whoever asked, has voted here, or has decided elsewhere."""
    voted = {vote.person_id for vote in votes_of(step)}
    return [
        person
        for person in people
        if not (
            asked(person.pk, step, request)
            or person.pk in voted
            or decided_elsewhere(person, step, steps)
        )
    ]
