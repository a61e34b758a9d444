"""Which steps a request takes, by its estimate alone."""

import pytest

from apps.approvals.rules import steps
from apps.kernel.money import nano
from apps.requests.kinds import Estimate


def finance(**estimate):
    platform, found = steps(Estimate(**estimate), finance_above_usd=2000)
    assert platform.needed
    assert platform.rule == "P-01: the platform always decides"
    return found


@pytest.mark.parametrize(
    ("expected", "needed"),
    [(0, False), (nano(2000), False), (nano(2000) + 1, True), (nano(10**9), True), (None, True)],
)
def test_finance_decides_above_the_limit_or_without_a_price(expected, needed):
    assert finance(expected_nano=expected).needed is needed


def test_the_limit_of_the_capacity_does_not_count():
    assert not finance(expected_nano=1, limit_nano=nano(10**6)).needed


def test_a_form_that_is_not_filled_in_yet_claims_nothing():
    found = finance(complete=False)
    assert not found.needed
    assert found.rule.startswith("P-05: decides above 2")
