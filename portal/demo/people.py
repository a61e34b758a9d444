"""Who there is to sign in as, and how their accounts are made and closed."""

from dataclasses import dataclass
from functools import cache

from django.contrib.auth.hashers import make_password

from apps.teams import selectors as teams_seen
from apps.teams import services as teams
from apps.teams.models import Person, Team
from apps.teams.roles import Role

PASSWORD = "northwind-demo-2026"  # noqa: S105  printed on purpose; see settings.DEMO
DOMAIN = "northwind.example"


@dataclass(frozen=True)
class DemoPerson:
    """Somebody to sign in as; `scope` is a slug of a team, or empty for the whole platform."""

    key: str
    name: str
    role: Role
    scope: str
    does: str

    @property
    def email(self) -> str:
        """The sign-in."""
        return f"{self.key}@{DOMAIN}"


PEOPLE = (
    DemoPerson("alice", "Alice Berger", Role.TEAM_LEAD, "claims", "asks, sees her team"),
    DemoPerson("bob", "Bob Lind", Role.REQUESTER, "claims", "asks for the same team"),
    DemoPerson("dora", "Dora Weiss", Role.TEAM_LEAD, "underwriting", "another team of the unit"),
    DemoPerson("charlie", "Charlie Roth", Role.TEAM_LEAD, "fraud", "another business unit"),
    DemoPerson("petra", "Petra Novak", Role.PLATFORM_ADMIN, "", "approves, runs the platform"),
    DemoPerson("jonas", "Jonas Hall", Role.APPROVER, "", "approves"),
    DemoPerson("sami", "Sami Aalto", Role.SECURITY, "", "reads requests and the audit"),
    DemoPerson("fiona", "Fiona Marsh", Role.FINANCE, "", "decides about money"),
    DemoPerson("audra", "Audra Stone", Role.AUDITOR, "", "reads everything, changes nothing"),
)


def make_person(demo: DemoPerson, team: Team | None) -> Person:
    """Find or make the account of somebody to sign in as."""
    person, new = Person.objects.get_or_create(
        email=demo.email, defaults={"name": demo.name, "demo": True}
    )
    if new:
        person.password = _hashed()
        person.save(update_fields=["password"])
        person.memberships.create(role=demo.role, team=team)
    return person


def make_lead(name: str, team: Team) -> Person:
    """Find or make the lead of a team: somebody whom pages name and nobody signs in as."""
    person, new = Person.objects.get_or_create(
        email=f"lead-of-{team.slug}@{DOMAIN}", defaults={"name": name, "demo": True}
    )
    if new:
        person.set_unusable_password()
        person.save(update_fields=["password"])
        person.memberships.create(role=Role.TEAM_LEAD, team=team)
    return person


@cache
def _hashed() -> str:
    """Hash the common password once; argon2 is slow on purpose."""
    return make_password(PASSWORD)


def end_demo() -> int:
    """Close every demo account; returns how many were open."""
    return sum(1 for person in teams_seen.demo_people_active() if teams.deactivate(person=person))
