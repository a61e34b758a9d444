"""A small organisation of its own: two units, four teams, one of which ended yesterday."""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from apps.teams.models import BusinessUnit, Person, Team
from apps.teams.roles import Role
from apps.teams.selectors import today

PASSWORD = "a-long-enough-password"  # noqa: S105
numbers = count(1)


@dataclass
class Organisation:
    """insurance (claims, underwriting, ended) and retail (fraud)."""

    insurance: BusinessUnit = field(init=False)
    retail: BusinessUnit = field(init=False)
    claims: Team = field(init=False)
    underwriting: Team = field(init=False)
    ended: Team = field(init=False)
    fraud: Team = field(init=False)

    def __post_init__(self):
        self.insurance, self.retail = unit("insurance"), unit("retail")
        self.claims = team(self.insurance, "claims")
        self.underwriting = team(self.insurance, "underwriting")
        self.ended = team(self.insurance, "ended", ends_in_days=0)
        self.fraud = team(self.retail, "fraud")

    @property
    def teams(self):
        return [self.claims, self.underwriting, self.ended, self.fraud]


def unit(slug, ends_in_days=None):
    return BusinessUnit.objects.create(
        name=slug.title(), slug=slug, cost_centre="CC-1", **lasting(ends_in_days)
    )


def team(business_unit, slug, ends_in_days=None):
    return Team.objects.create(
        business_unit=business_unit, name=slug.title(), slug=slug, **lasting(ends_in_days)
    )


def lasting(ends_in_days):
    ends = None if ends_in_days is None else today() + timedelta(days=ends_in_days)
    return {"active_from": today() - timedelta(days=100), "active_to": ends}


def person(role: Role | None = None, scope: Team | BusinessUnit | None = None, password=""):
    made = Person(email=f"person-{next(numbers)}@northwind.example", name="Some Body")
    made.set_password(password or None)
    made.save()
    if role:
        where = {}
        if scope:
            where = {"team" if isinstance(scope, Team) else "business_unit": scope}
        made.memberships.create(role=role, **where)
    return made
