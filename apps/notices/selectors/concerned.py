"""What an event says, and whom it concerns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse

from apps.approvals import selectors as approvals
from apps.approvals.events import DecidingEvent
from apps.approvals.models import Step
from apps.kernel.models import AuditEntry
from apps.notices.models import TeamsChannel
from apps.notices.protocols import one_line
from apps.notices.rules import Rule, Told, Who
from apps.provisioning.events import ResourceEvent
from apps.provisioning.models import Resource
from apps.requests import selectors as requests
from apps.requests.models import Message, ResourceRequest
from apps.teams import selectors as teams
from apps.teams.events import RoleEvent
from apps.teams.models import Person
from apps.teams.roles import Action

MOST_NAMES, MOST_REASON = 3, 300


@dataclass(frozen=True)
class Facts:
    """An event in words: `key` is its own, `actor` the reference of whoever did it.

    It is about a request, or about a person's account; one about a request may be for a person.
    """

    key: str
    subject: str
    path: str
    actor: str
    words: Mapping[str, str]
    request: ResourceRequest | None = None
    person: Person | None = None
    deciders: Sequence[Person] = ()


def facts_of(event: Any, told: Told) -> Facts:
    """Read what an event says; who did it, and why, stands in its trace or in its message."""
    if isinstance(event, RoleEvent):
        return _of_person(event, told)
    row = requests.reading(ResourceRequest.objects.all()).get(pk=event.request_id)
    built = _built(event)
    subject, what = (built.ref, built.name) if built else (row.ref, f"{row.title} for {row.name}")
    key, actor, name, reason = _trace(event, told, subject)
    asked = any(rule.who == Who.DECIDERS for rule in told.rules)
    deciders = _deciders(event, row) if asked else ()
    resource = getattr(event, "resource_id", None)
    return Facts(
        key=key,
        subject=subject,
        path=reverse("resource", args=[resource])
        if resource
        else reverse("request", args=[row.pk]),
        actor=actor,
        words={
            "number": row.number,
            "what": one_line(what, 150),
            "team": row.team.name,
            "actor": name,
            "reason": one_line(reason, MOST_REASON),
            "next": _names(deciders),
        },
        request=row,
        person=_person(getattr(event, "person_id", None)),
        deciders=deciders,
    )


def _built(event: Any) -> Resource | None:
    """Return what was built that an event is about; an event of a job is about its request."""
    if not isinstance(event, ResourceEvent):
        return None
    return Resource.objects.get(pk=event.resource_id)


def _of_person(event: RoleEvent, told: Told) -> Facts:
    person = Person.objects.get(pk=event.person_id)
    key, actor, name, _ = _trace(event, told, person.ref)
    words = {"actor": name, "what": one_line(event.role, 150)}
    return Facts(key, person.ref, reverse("home"), actor, words, person=person)


def people_told(facts: Facts, told: Told) -> list[tuple[Rule, Person]]:
    """List who hears of it, each once and by the first rule that fits.

    Never whoever did it, and nobody who may not see the request (any more).
    """
    found: dict[int, tuple[Rule, Person]] = {}
    seen = _who_see(facts)
    for rule in told.rules:
        for person in _concerned(rule.who, facts):
            if person.pk in seen and person.ref != facts.actor:
                found.setdefault(person.pk, (rule, person))
    return list(found.values())


def channels_told(facts: Facts, told: Told) -> list[tuple[Rule, TeamsChannel]]:
    """List the channels of the platform and of the unit that want to hear of a request."""
    if facts.request is None:
        return []
    unit = facts.request.team.business_unit_id
    mine = TeamsChannel.objects.filter(Q(business_unit=None) | Q(business_unit=unit), active=True)
    rules = [rule for rule in told.rules if rule.who != Who.PERSON]
    found = [
        (next((rule for rule in rules if rule.topic in channel.topics), None), channel)
        for channel in mine.order_by("pk")
    ]
    return [(rule, channel) for rule, channel in found if rule]


def _who_see(facts: Facts) -> set[int]:
    if facts.person:
        return {facts.person.pk} if facts.person.is_active else set()
    assert facts.request  # noqa: S101  an event is about the one or the other
    readers = teams.people_who_may(Action.REQUEST_READ, facts.request.team)
    return {one.pk for one in (*readers, *facts.deciders)}


def _concerned(who: Who, facts: Facts) -> Iterable[Person]:
    if facts.person:
        return [facts.person]
    assert facts.request  # noqa: S101
    if who == Who.REQUESTER:
        return [facts.request.requester]
    if who == Who.TEAM:
        return teams.people_who_may(Action.REQUEST_CREATE, facts.request.team)
    if who == Who.PLATFORM:
        return teams.people_who_may(Action.JOB_OPERATE, None)
    return facts.deciders


def _person(pk: int | None) -> Person | None:
    return Person.objects.filter(pk=pk).first() if pk else None


def _deciders(event: Any, row: ResourceRequest) -> Sequence[Person]:
    """List who may decide the step that an event is about, else any that is open."""
    step_id = getattr(event, "step_id", None)
    step = Step.objects.filter(pk=step_id).first() if step_id else None
    return approvals.next_actors(row, step)


def _trace(event: Any, told: Told, subject: str) -> tuple[str, str, str, str]:
    """Say which occurrence this is, who did it (reference and name), and what they wrote."""
    if isinstance(event, DecidingEvent):
        return event.key, event.actor, event.actor_name, event.reason
    if not told.move:
        said = Message.objects.select_related("author").get(pk=event.message_id)
        return f"message:{said.pk}", said.author.ref, said.author.name, said.body
    entry = AuditEntry.objects.filter(subject=subject, verb=told.move).latest("id")
    return f"{subject}/{told.move}/{entry.pk}", entry.actor, entry.actor_name, entry.note


def _names(people: Sequence[Person]) -> str:
    names = [one.name for one in people[:MOST_NAMES]]
    more = len(people) - len(names)
    if more > 0:
        return f"{', '.join(names)} and {more} more"
    return (
        " or ".join(names) if len(names) < MOST_NAMES else f"{', '.join(names[:-1])} or {names[-1]}"
    )
