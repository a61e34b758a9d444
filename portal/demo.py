"""The demo organisation: made once, and only where settings.DEMO allows it."""

from dataclasses import dataclass
from datetime import date
from functools import cache

from django.contrib.auth.hashers import make_password
from django.db import transaction

from apps.approvals import services as approvals
from apps.capacity import collectors as capacity
from apps.requests import selectors as asks
from apps.requests import services as requests
from apps.teams import selectors as teams_seen
from apps.teams import services as teams
from apps.teams.models import BusinessUnit, Person, Team, Workload
from apps.teams.roles import Role

PASSWORD = "northwind-demo-2026"  # noqa: S105  printed on purpose; see settings.DEMO
SINCE = date(2026, 1, 1)


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
        return f"{self.key}@northwind.example"


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
UNITS = (
    ("insurance", "Insurance", "CC-4100"),
    ("retail-bank", "Retail Bank", "CC-4200"),
)
TEAMS = (
    ("claims", "Claims Automation", "insurance"),
    ("underwriting", "Underwriting", "insurance"),
    ("fraud", "Fraud Lab", "retail-bank"),
)
WORKLOADS = (
    ("claims", "claims-triage", "Sorts incoming claims by urgency"),
    ("claims", "policy-qa", "Answers agents’ questions about policy wording"),
    ("underwriting", "risk-notes", "Summarises risk reports"),
    ("fraud", "fraud-notes", "Explains why a payment was stopped"),
)


@transaction.atomic
def seed_organisation() -> dict[str, Person]:
    """Make units, teams, workloads, environments and people; what exists stays as it is."""
    teams.ensure_environments()
    units = {
        slug: BusinessUnit.objects.get_or_create(
            slug=slug, defaults={"name": name, "cost_centre": centre, "active_from": SINCE}
        )[0]
        for slug, name, centre in UNITS
    }
    made = {
        slug: Team.objects.get_or_create(
            slug=slug,
            defaults={"name": name, "business_unit": units[unit], "active_from": SINCE},
        )[0]
        for slug, name, unit in TEAMS
    }
    for team, slug, text in WORKLOADS:
        Workload.objects.get_or_create(
            team=made[team], slug=slug, defaults={"description": text, "active_from": SINCE}
        )
    return {demo.key: _person(demo, made.get(demo.scope)) for demo in PEOPLE}


def _person(demo: DemoPerson, team: Team | None) -> Person:
    person, new = Person.objects.get_or_create(
        email=demo.email, defaults={"name": demo.name, "demo": True}
    )
    if new:
        person.password = _hashed()
        person.save(update_fields=["password"])
        person.memberships.create(role=demo.role, team=team)
    return person


@cache
def _hashed() -> str:
    """Hash the common password once; argon2 is slow on purpose."""
    return make_password(PASSWORD)


def payload(workload: str, **changes: str) -> dict[str, str]:
    """Fill the form as somebody would: 500 K TPM of gpt-5.1 for claims, with `changes`."""
    return {
        "workload": str(Workload.objects.get(slug=workload).pk),
        "environment": "prod",
        "data_class": "internal",
        "purpose": "Sort incoming claims by urgency.",
        "model": "gpt-5.1",
        "version": "2025-11-13",
        "sku": "GlobalStandard",
        "region": "swedencentral",
        "capacity": "500",
        "requests_per_day": "20000",
        "input_tokens": "1155",
        "output_tokens": "211",
        **changes,
    }


def seed_requests(people: dict[str, Person]) -> None:
    """Ask for three things: two approved (workers build them), one that waits for Petra."""
    if asks.requests_visible(people["petra"]).exists():
        return
    capacity.sync_all()
    wanted: tuple[tuple[str, str, dict[str, str], str], ...] = (
        ("dora", "risk-notes", {"model": "gpt-5-mini", "version": "2025-08-07"}, "200"),
        ("charlie", "fraud-notes", {"environment": "test", "region": "francecentral"}, "50"),
        ("alice", "policy-qa", {}, "100"),
    )
    purposes = {slug: f"{text}." for _, slug, text in WORKLOADS}
    for who, workload, changes, amount in wanted:
        filled = payload(
            workload,
            **changes,
            purpose=purposes[workload],
            capacity=amount,
            requests_per_day="4200",
        )
        draft = requests.save_draft(kind="model_deployment", payload=filled, by=people[who])
        requests.submit_request(request=draft, by=people[who])
        if who != "alice":
            approvals.approve(request=draft, reason="", by=people["petra"])


def end_demo() -> int:
    """Close every demo account; returns how many were open."""
    return sum(1 for person in teams_seen.demo_people_active() if teams.deactivate(person=person))
