"""Policies to test with, and people read anew."""

from textwrap import dedent, indent

from django.db.models import Max

from apps.approvals.models import PolicyVersion, Step
from apps.teams.models import Person

CHEAP = {"capacity": 100, "requests_per_day": 100}


def in_force(rules, *, expires=""):
    """Put rules in force, without the editor's checks of the note."""
    head = "match: all\n" + (f"expires: {expires}\n" if expires else "")
    head += "groups:\n  board: [petra@northwind.example, fiona@northwind.example, "
    head += "sami@northwind.example]\n"
    text = head + "rules:\n" + indent(dedent(rules).strip("\n"), "  ") + "\n"
    latest = PolicyVersion.objects.aggregate(number=Max("number"))["number"] or 0
    PolicyVersion.objects.update(active=False)
    return PolicyVersion.objects.create(number=latest + 1, text=text, note="Test", active=True)


def again(person):
    """Read somebody anew, with the roles and delegations of now."""
    return Person.objects.get(pk=person.pk)


def statuses(row):
    """Say where the steps of the present round stand."""
    latest = Step.objects.filter(request=row).aggregate(latest=Max("round"))["latest"]
    return dict(row.steps.filter(round=latest).values_list("label", "status"))


def one_rule(*steps, when=""):
    """Write one rule with these steps, each a line of YAML's flow style."""
    lines = ["- id: T-01", "  name: As the test says"]
    lines += [f"  when: {when}"] if when else []
    return "\n".join([*lines, "  steps:", *(f"    - {{{step}}}" for step in steps)])
