"""Whose say somebody has, and what is open to it: their own, and that of those they act for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.approvals.models import Approver, Decision, Delegation, Step
from apps.approvals.states import StepStatus
from apps.kernel.errors import NotFoundError
from apps.kernel.panels import once
from apps.requests.states import RequestStatus
from apps.teams import selectors as teams
from apps.teams.models import Person
from apps.teams.roles import DECISIONS, Action


def voices(viewer: Person) -> list[Person]:
    """Return whose say somebody has now: their own first, then of those they act for.

    Nobody hands on what was handed to them. Whose account is closed has no say any more.
    """
    return once(viewer, _voices)


def voices_held(person: Person) -> list[Person]:
    """Return the same for a vote: what it rests on cannot be ended until the vote is over."""
    return _of(person, _to(person).select_for_update(of=("self",), no_key=True))


def running() -> Q:
    """Pick the delegations of this moment."""
    now = timezone.now()
    return Q(from_at__lte=now, to_at__gt=now)


def delegates_of(people: Iterable[Person]) -> dict[int, Person]:
    """Return who acts for each of these people now, by the id of whom they act for."""
    rows = Delegation.objects.filter(running(), by_person__in=list(people))
    return {one.by_person_id: one.to_person for one in rows.select_related("to_person")}


def given_by(person: Person) -> QuerySet[Delegation]:
    """List to whom somebody handed their say, the latest first."""
    return _reading().filter(by_person=person)


def given_to(person: Person) -> QuerySet[Delegation]:
    """List for whom somebody acts, or acted, the latest first."""
    return _reading().filter(to_person=person)


def delegations_now(viewer: Person) -> QuerySet[Delegation]:
    """List who acts for whom now or later, for platform admins; nothing for others."""
    rows = _reading().filter(to_at__gt=timezone.now())
    return rows if teams.may(viewer, Action.POLICY_EDIT, None) else rows.none()


def delegation_for(viewer: Person, pk: int) -> Delegation:
    """Return a delegation of the viewer's, or any for a platform admin."""
    rows = _reading().filter(pk=pk)
    if not teams.may(viewer, Action.POLICY_EDIT, None):
        rows = rows.filter(Q(by_person=viewer) | Q(to_person=viewer))
    found = rows.first()
    if found is None:
        raise NotFoundError
    return found


def _reading() -> QuerySet[Delegation]:
    rows = Delegation.objects.select_related("by_person", "to_person", "made_by")
    return rows.order_by("-from_at", "-id")


def by_role(voice: Person) -> Q:
    """Pick the steps that somebody's roles let them decide."""
    theirs = Q(pk__in=())
    for action in DECISIONS:
        if teams.may_anywhere(voice, action):
            theirs |= Q(action=action, request__team__in=teams.teams_where(voice, action))
    return theirs


def by_name(voice: Person) -> Q:
    """Pick the steps that name somebody, with the right it rests on, if it rests on one."""
    named = Q(action="") if voice.is_active else Q(pk__in=())
    for action in DECISIONS:
        if teams.may_anywhere(voice, action):
            where = teams.teams_where(voice, action)
            named |= Q(action=action, step__request__team__in=where)
    rows = Approver.objects.filter(named, person=voice, step__status=StepStatus.OPEN)
    return Q(pk__in=rows.values("step"))


def open_to(viewer: Person, mine: Sequence[Person]) -> QuerySet[Step]:
    """Return the open steps that somebody may decide with these voices; see inbox()."""
    theirs = Q(pk__in=())
    for voice in mine:
        own = by_role(voice) | by_name(voice)
        free = ~_asked(voice) & ~Q(_voted(voice=voice))
        theirs |= own & free if voice == viewer else own & free & ~_parted(voice)
    rows = Step.objects.filter(theirs, ~_asked(viewer), ~_parted(viewer), status=StepStatus.OPEN)
    return rows.exclude(_voted(person=viewer))


def _asked(person: Person) -> Q:
    """Pick what somebody asks for, or did before a colleague submitted it again."""
    return Q(request__requester=person) | Q(asked_by__contains=[person.pk])


def _parted(person: Person) -> Q:
    """Pick the steps from which four eyes part somebody: they have decided on another one."""
    spoken = Decision.objects.filter(
        Q(person=person) | Q(voice=person),
        step__request=OuterRef("request"),
        step__round=OuterRef("round"),
    )
    return Q(distinct=True) & Exists(spoken) | Q(Exists(spoken.filter(step__distinct=True)))


def in_review(rows: QuerySet[Step]) -> QuerySet[Step]:
    """Leave out what waits for an answer first."""
    return rows.filter(request__status=RequestStatus.IN_REVIEW)


def waiting_count(viewer: Person) -> int:
    """Count what waits for somebody; the rail of every page shows it."""
    found = once(viewer, _at_hand)
    if not found.acts_for:
        return found.waiting
    return in_review(open_to(viewer, voices(viewer))).count()


@dataclass(frozen=True)
class _AtHand:
    """What every page asks about its viewer, in one query."""

    waiting: int
    acts_for: Sequence[int]


def _at_hand(viewer: Person) -> _AtHand:
    """Count what waits for somebody themselves, and find for whom they act."""
    own = in_review(open_to(viewer, [viewer])).order_by().values("status")
    acts_for = Delegation.objects.filter(running(), to_person=viewer).values("by_person")
    found = Person.objects.filter(pk=viewer.pk).values_list(
        Coalesce(Subquery(own.annotate(count=Count("pk")).values("count")), 0),
        ArraySubquery(acts_for),
    )
    return _AtHand(*found.get())


def _voted(**who: Person) -> Exists:
    """Pick the steps with somebody's vote, one by one: their votes of years are very many."""
    return Exists(Decision.objects.filter(step=OuterRef("pk"), **who))


def _voices(viewer: Person) -> list[Person]:
    return _of(viewer, _to(viewer) if once(viewer, _at_hand).acts_for else ())


def _to(person: Person) -> QuerySet[Delegation]:
    rows = Delegation.objects.filter(running(), to_person=person, by_person__is_active=True)
    return rows.select_related("by_person").order_by("pk")


def _of(person: Person, rows: Iterable[Delegation]) -> list[Person]:
    return [person, *(one.by_person for one in rows)]
