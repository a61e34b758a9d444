"""What an event says, and whom it concerns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse

from apps.approvals import selectors as approvals
from apps.kernel.models import AuditEntry
from apps.notices.models import TeamsChannel
from apps.notices.protocols import one_line
from apps.notices.rules import Rule, Told, Who
from apps.requests import selectors as requests
from apps.requests.models import Message, ResourceRequest
from apps.teams import selectors as teams
from apps.teams.models import Person
from apps.teams.roles import Action

MOST_NAMES, MOST_REASON = 3, 300


@dataclass(frozen=True)
class Facts:
    """An event in words: `key` is its own, `actor` the reference of whoever did it."""

    key: str
    request: ResourceRequest
    path: str
    actor: str
    words: Mapping[str, str]
    deciders: tuple[Person, ...]


def facts_of(event: Any, told: Told) -> Facts:
    """Read what an event about a request says; who did it stands in its trace or its message."""
    row = requests.reading(ResourceRequest.objects.all()).get(pk=event.request_id)
    key, actor, name, reason = _trace(event, told, row)
    deciders = tuple(approvals.next_actors(row)) if _asks_deciders(told) else ()
    resource = getattr(event, "resource_id", None)
    return Facts(
        key=key,
        request=row,
        path=reverse("resource", args=[resource])
        if resource
        else reverse("request", args=[row.pk]),
        actor=actor,
        words={
            "number": row.number,
            "what": one_line(f"{row.title} for {row.name}", 150),
            "team": row.team.name,
            "actor": name,
            "reason": one_line(reason, MOST_REASON),
            "next": _names(deciders),
        },
        deciders=deciders,
    )


def people_told(facts: Facts, told: Told) -> list[tuple[Rule, Person]]:
    """List who hears of it, each once and by the first rule that fits.

    Never whoever did it, and nobody who may not read the request (any more).
    """
    readers = {one.pk for one in teams.people_who_may(Action.REQUEST_READ, facts.request.team)}
    found: dict[int, tuple[Rule, Person]] = {}
    for rule in told.rules:
        for person in _concerned(rule.who, facts):
            if person.pk in readers and person.ref != facts.actor:
                found.setdefault(person.pk, (rule, person))
    return list(found.values())


def channels_told(facts: Facts, told: Told) -> list[tuple[Rule, TeamsChannel]]:
    """List the channels of the platform and of the unit that want to hear of it."""
    unit = facts.request.team.business_unit_id
    mine = TeamsChannel.objects.filter(Q(business_unit=None) | Q(business_unit=unit), active=True)
    found = [
        (next((rule for rule in told.rules if rule.topic in channel.topics), None), channel)
        for channel in mine.order_by("pk")
    ]
    return [(rule, channel) for rule, channel in found if rule]


def _concerned(who: Who, facts: Facts) -> Iterable[Person]:
    if who == Who.REQUESTER:
        return [facts.request.requester]
    if who == Who.TEAM:
        return teams.people_who_may(Action.REQUEST_CREATE, facts.request.team)
    if who == Who.PLATFORM:
        return teams.people_who_may(Action.JOB_OPERATE, None)
    return facts.deciders


def _trace(event: Any, told: Told, row: ResourceRequest) -> tuple[str, str, str, str]:
    """Say which occurrence this is, who did it (reference and name), and what they wrote."""
    if not told.move:
        said = Message.objects.select_related("author").get(pk=event.message_id)
        return f"message:{said.pk}", said.author.ref, said.author.name, said.body
    entry = AuditEntry.objects.filter(subject=row.ref, verb=told.move).latest("id")
    return f"{row.ref}/{told.move}/{entry.pk}", entry.actor, entry.actor_name, entry.note


def _asks_deciders(told: Told) -> bool:
    return any(rule.who == Who.DECIDERS for rule in told.rules)


def _names(people: tuple[Person, ...]) -> str:
    names = [one.name for one in people[:MOST_NAMES]]
    more = len(people) - len(names)
    if more > 0:
        return f"{', '.join(names)} and {more} more"
    return (
        " or ".join(names) if len(names) < MOST_NAMES else f"{', '.join(names[:-1])} or {names[-1]}"
    )
