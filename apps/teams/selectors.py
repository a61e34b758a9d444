"""Who may do what where; every chapter asks here before it shows or changes a row.

In a team that has ended the team's own roles (requester, team lead) may nothing any more; those
who decide, operate, pay for or audit keep seeing what it asked for.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.kernel.models import AuditEntry
from apps.teams.models import (
    ApiToken,
    BusinessUnit,
    Environment,
    Membership,
    Person,
    Team,
    Workload,
)
from apps.teams.roles import GRANTS, TEAM_ROLES, Action, Role, roles_that_may

Scope = Team | BusinessUnit | None


def today() -> date:
    """Return the present UTC day."""
    return timezone.now().date()


def may(person: Person, action: Action, scope: Scope) -> bool:
    """Say whether a person may do something in a team or unit; None asks for the whole platform.

    A platform-wide membership covers everything, a unit's covers its teams.
    """
    return any(_covers(held, scope) for held in _granting(person, action))


def may_anywhere(person: Person, action: Action) -> bool:
    """Say whether there is any scope in which a person may do something."""
    return any(_alive(held, held.team or held.business_unit) for held in _granting(person, action))


def teams_where(person: Person, action: Action) -> QuerySet[Team]:
    """Return the teams in which a person may do something, ended ones included where they count."""
    allowed = Q(pk__in=())
    for held in _granting(person, action):
        allowed |= _teams_of(held)
    return Team.objects.filter(allowed).select_related("business_unit")


@dataclass(frozen=True)
class Reach:
    """Where a person may do something: everywhere, or in these units and in these teams."""

    everywhere: bool
    units: frozenset[int]
    teams: frozenset[int]


def reach(person: Person, action: Action) -> Reach:
    """Return the scopes in which a person may do something, for rows that name both by number."""
    held = [one for one in _granting(person, action) if _alive(one, one.team or one.business_unit)]
    return Reach(
        everywhere=any(not one.team_id and not one.business_unit_id for one in held),
        units=frozenset(one.business_unit_id for one in held if one.business_unit_id),
        teams=frozenset(one.team_id for one in held if one.team_id),
    )


def people_who_may(action: Action, team: Team | None) -> list[Person]:
    """List the active people who may do something in a team (None: platform-wide), by name."""
    roles = set(roles_that_may(action))
    where = Q(memberships__team=None, memberships__business_unit=None)
    if team is not None:
        where |= Q(memberships__team=team)
        where |= Q(memberships__business_unit=team.business_unit_id)
        roles -= frozenset() if team.active_on(today()) else TEAM_ROLES
    found = Person.objects.filter(where, is_active=True, memberships__role__in=roles)
    return list(found.distinct().order_by("name", "pk"))


def people_who_may_each(
    wanted: Collection[tuple[Action, Team]],
) -> dict[tuple[Action, int], list[Person]]:
    """List the active people who may do each thing in its team, by (action, team id), by name.

    One query, however many teams.
    """
    roles = {role for action, _ in wanted for role in roles_that_may(action)}
    where = Q(team=None, business_unit=None) | Q(team__in={team.pk for _, team in wanted})
    where |= Q(business_unit__in={team.business_unit_id for _, team in wanted})
    rows = Membership.objects.filter(where, role__in=roles, person__is_active=True)
    held = list(rows.select_related("person").order_by("person__name", "person"))
    return {
        (action, team.pk): list(
            {
                one.person_id: one.person
                for one in held
                if action in GRANTS[Role(one.role)] and _covers(one, team)
            }.values()
        )
        for action, team in wanted
    }


def workloads_for(person: Person) -> QuerySet[Workload]:
    """Return the present workloads that a person may ask for something for."""
    return (
        Workload.objects.filter(_present(), team__in=teams_where(person, Action.REQUEST_CREATE))
        .select_related("team__business_unit")
        .order_by("team__name", "slug")
    )


def environments() -> list[Environment]:
    """List the environments in their order."""
    return list(Environment.objects.all())


def tokens_of(person: Person) -> list[ApiToken]:
    """List a person's API tokens that have not been ended, the newest first."""
    return list(ApiToken.objects.filter(person=person, ended_at=None).order_by("-made_at", "-pk"))


def demo_people_active() -> list[Person]:
    """List the demo people who can sign in; outside demo mode there must be none."""
    return list(Person.objects.filter(demo=True, is_active=True).order_by("pk"))


def person_with_roles(pk: int) -> Person | None:
    """Read a person and what they hold, which every page asks, in one query."""
    rows = Membership.objects.filter(person=pk).order_by("pk")
    held = list(rows.select_related("person", "team__business_unit", "business_unit"))
    if not held:
        return Person.objects.filter(pk=pk).first()
    person = held[0].person
    person.held = held
    return person


def person_by_email(email: str) -> Person | None:
    """Find a person by e-mail, whatever its case."""
    return Person.objects.filter(email__iexact=email).first()


def platform_admins() -> QuerySet[Membership]:
    """Return the platform-wide admin memberships of people who can sign in."""
    return Membership.objects.filter(
        role=Role.PLATFORM_ADMIN, team=None, business_unit=None, person__is_active=True
    )


@dataclass(frozen=True)
class Change:
    """One field of an audit entry, as the diff component draws it."""

    sign: str
    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class AuditRow:
    """An audit entry with what it changed."""

    entry: AuditEntry
    changes: Sequence[Change]

    @property
    def verb(self) -> str:
        """What was done, in words: a move is recorded by its state, such as `in_review`."""
        return self.entry.verb.replace("_", " ")


def audit_trail(
    viewer: Person, *, subject: str = "", actor: str = "", verb: str = "", text: str = ""
) -> QuerySet[AuditEntry]:
    """Return the entries of the scopes whose audit the viewer may read.

    `subject` is a reference (`request:42`); `actor` a reference or a part of a name; `text` is
    looked for in names and notes.
    """
    allowed = Q(pk__in=())
    for held in _granting(viewer, Action.AUDIT_READ):
        scope = held.team or held.business_unit
        if scope is None:
            allowed |= Q(pk__isnull=False)
        elif _alive(held, scope):
            allowed |= Q(scope__in=_paths(scope)) | Q(scope__startswith=f"{scope.scope}/")
    rows = AuditEntry.objects.filter(allowed)
    if subject:
        rows = rows.filter(subject=subject)
    if actor:
        rows = rows.filter(Q(actor=actor) | Q(actor_name__icontains=actor))
    if verb:
        rows = rows.filter(
            Q(verb__icontains=verb) | Q(verb__icontains=verb.strip().replace(" ", "_"))
        )
    if text:
        rows = rows.filter(
            Q(note__icontains=text)
            | Q(subject_name__icontains=text)
            | Q(actor_name__icontains=text)
            | Q(correlation_id=text)
        )
    return rows


def audit_row(entry: AuditEntry) -> AuditRow:
    """Lay an entry's before and after side by side."""
    names = sorted(entry.before.keys() | entry.after.keys())
    return AuditRow(entry, [_change(name, entry.before, entry.after) for name in names])


def _change(name: str, before: dict[str, Any], after: dict[str, Any]) -> Change:
    if name not in before:
        return Change("+", name, None, after[name])
    if name not in after:
        return Change("-", name, before[name], None)
    same = before[name] == after[name]
    return Change("" if same else "~", name, before[name], after[name])


def _granting(person: Person, action: Action) -> list[Membership]:
    if not person.is_active:
        return []
    return [held for held in person.held if action in GRANTS[Role(held.role)]]


def _alive(held: Membership, scope: Scope) -> bool:
    return held.role not in TEAM_ROLES or scope is None or scope.active_on(today())


def _covers(held: Membership, scope: Scope) -> bool:
    if not _alive(held, scope):
        return False
    if held.team_id:
        return isinstance(scope, Team) and scope.pk == held.team_id
    if held.business_unit_id:
        unit = scope.business_unit_id if isinstance(scope, Team) else scope and scope.pk
        return unit == held.business_unit_id
    return True


def _paths(scope: Team | BusinessUnit) -> list[str]:
    """List the paths a scope may ever have had: a team takes its history to another unit."""
    if isinstance(scope, BusinessUnit):
        return [scope.scope]
    units = BusinessUnit.objects.values_list("pk", flat=True)
    return [f"bu:{unit}/team:{scope.pk}" for unit in units]


def _teams_of(held: Membership) -> Q:
    where = Q(pk__isnull=False)
    if held.team_id:
        where = Q(pk=held.team_id)
    elif held.business_unit_id:
        where = Q(business_unit=held.business_unit_id)
    if held.role in TEAM_ROLES:
        where &= _present() & _present("business_unit__")
    return where


def _present(prefix: str = "") -> Q:
    begun = Q(**{f"{prefix}active_from__lte": today()})
    ended = Q(**{f"{prefix}active_to__lte": today()})
    return begun & ~ended
