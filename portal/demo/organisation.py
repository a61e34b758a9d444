"""Northwind: the few teams that stories and tests are about, and the rest of the company."""

from collections.abc import Sequence
from datetime import date

from django.db import transaction

from apps.teams import services as teams
from apps.teams.models import BusinessUnit, Person, Team, Workload
from portal.demo import data
from portal.demo.people import PEOPLE, make_lead, make_person

Rows = Sequence[tuple[str, str, str]]
SINCE = date(2026, 1, 1)
UNITS = (
    ("insurance", "Insurance", "CC-4100"),
    ("retail-bank", "Retail Bank", "CC-4200"),
)
TEAMS = (
    ("claims", "Claims Automation", "insurance"),
    ("underwriting", "Underwriting", "insurance"),
    ("fraud", "Fraud Lab", "retail-bank"),
)
STORIES = ("claims-triage", "policy-qa", "risk-notes", "fraud-notes")
EVERY_WORKLOAD = [
    (one["team"], one["workload"], one["description"]) for one in data.rows("workloads")
]
WORKLOADS = tuple(one for one in EVERY_WORKLOAD if one[1] in STORIES)


@transaction.atomic
def seed_organisation() -> dict[str, Person]:
    """Make two units, three teams and everybody to sign in as; what exists stays as it is."""
    teams.ensure_environments()
    _units(UNITS)
    made = _teams(TEAMS)
    _workloads(WORKLOADS)
    return {demo.key: make_person(demo, made.get(demo.scope)) for demo in PEOPLE}


@transaction.atomic
def seed_company() -> None:
    """Make the rest: 8 business units, 30 teams with their leads and 120 workloads in all."""
    listed = data.rows("teams")
    _units([(one["slug"], one["name"], one["cost_centre"]) for one in data.rows("units")])
    made = _teams([(one["slug"], one["name"], one["unit"]) for one in listed])
    for one in listed:
        make_lead(one["lead"], made[one["slug"]])
    _workloads(EVERY_WORKLOAD)


def _units(rows: Rows) -> None:
    for slug, name, centre in rows:
        BusinessUnit.objects.get_or_create(
            slug=slug, defaults={"name": name, "cost_centre": centre, "active_from": SINCE}
        )


def _teams(rows: Rows) -> dict[str, Team]:
    units = {unit.slug: unit for unit in BusinessUnit.objects.all()}
    return {
        slug: Team.objects.get_or_create(
            slug=slug,
            defaults={"name": name, "business_unit": units[unit], "active_from": SINCE},
        )[0]
        for slug, name, unit in rows
    }


def _workloads(rows: Rows) -> None:
    known = {team.slug: team for team in Team.objects.all()}
    Workload.objects.bulk_create(
        [
            Workload(team=known[team], slug=slug, description=text, active_from=SINCE)
            for team, slug, text in rows
        ],
        ignore_conflicts=True,
    )
