"""The document that the portal comes with, and what it says of requests."""

import pytest

from apps.approvals.rules import plan
from apps.approvals.selectors import policies
from apps.kernel.money import nano
from apps.teams.roles import Action
from tests.requests.asks import room, submitted


@pytest.fixture
def default():
    return policies.in_force()


def said(default, **facts):
    found = plan(default, {"act": "new", "tier": "prod", **facts})
    return [(step.label, step.needed, step.rule.replace("\u00a0", " ")) for step in found.steps]


pytestmark = pytest.mark.django_db
PLATFORM = ("Platform", True, "P-01: The platform always decides")


@pytest.mark.parametrize(
    ("expected", "needed", "rule"),
    [
        (nano(0), False, "P-05: Finance decides above 2 000 USD a month; not needed, "
         "as 0.00 USD a month are expected, up to 2 000"),
        (nano(2000), False, "P-05: Finance decides above 2 000 USD a month; not needed, "
         "as 2 000.00 USD a month are expected, up to 2 000"),
        (nano(2000) + 1, True, "P-05: Finance decides above 2 000 USD a month, "
         "as 2 000.00 USD a month are expected, above 2 000"),
        (nano("2161.86"), True, "P-05: Finance decides above 2 000 USD a month, "
         "as 2 161.86 USD a month are expected, above 2 000"),
        (None, True, "P-06: Finance decides what has no price, as no price is known"),
    ],
)  # fmt: skip
def test_finance_decides_above_the_limit_or_without_a_price(default, expected, needed, rule):
    assert said(default, expected=expected) == [PLATFORM, ("Finance", needed, rule)]


def test_the_cost_at_the_limit_of_the_capacity_does_not_count(default):
    found = plan(default, {"act": "new", "expected": 1, "limit": nano(10**6)})
    assert [step.needed for step in found.steps] == [True, False]


def test_the_platform_comes_first_and_looks_at_everything(default):
    platform, finance = plan(default, {"act": "new", "expected": nano(3000)}).steps
    assert (platform.stage, finance.stage) == (1, 2)
    assert platform.who.action == Action.DECIDE_PLATFORM
    assert finance.who.action == Action.DECIDE_FINANCE
    assert len(platform.inputs) == 17
    assert finance.inputs == {"expected": nano(3000)}


@pytest.mark.parametrize(
    ("facts", "needed"),
    [
        ({"act": "decommission", "expected": None}, [False, False]),
        ({"act": "renew", "tier": "nonprod", "expected": nano(5)}, [False, False]),
        ({"act": "renew", "tier": "nonprod", "expected": nano(5000)}, [False, True]),
        ({"act": "renew", "tier": "prod", "expected": nano(5)}, [True, False]),
        ({"act": "change", "tier": "nonprod", "expected": nano(5)}, [True, False]),
        ({"act": None, "tier": "nonprod", "expected": nano(5)}, [True, False]),
    ],
)
def test_giving_back_and_renewing_outside_production_ask_less(default, facts, needed):
    assert [step.needed for step in plan(default, facts).steps] == needed


def test_facts_of_a_request_are_ready_for_json(people):
    room()
    row = submitted(people.alice)
    facts = policies.facts_of(row)
    assert {name: facts[name] for name in ("kind", "act", "environment", "tier", "team")} == {
        "kind": "model_deployment",
        "act": "new",
        "environment": row.environment.slug,
        "tier": row.environment.tier,
        "team": row.team.slug,
    }
    assert facts["business_unit"] == row.team.business_unit.slug
    assert facts["expected"] == row.estimate["expected_nano"]
    assert all(value is None or isinstance(value, str | int) for value in facts.values())
