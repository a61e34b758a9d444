"""Money: integers of nano, one rounding."""

from decimal import Decimal
from fractions import Fraction

import pytest

from apps.kernel import money


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("1.25", 1_250_000_000), (3, 3_000_000_000), ("0.0000000005", 0), ("0.0000000015", 2)],
)
def test_nano(amount, expected):
    assert money.nano(amount) == expected


def test_a_float_is_refused():
    with pytest.raises(TypeError, match="never a float"):
        money.nano(1.25)


def test_decimal_has_nine_places():
    assert str(money.decimal(68_838_987_500)) == "68.838987500"
    assert money.decimal(-1) == Decimal("-0.000000001")


@pytest.mark.parametrize("denominator", [2, 3, 7, 1_000_000])
def test_division_is_half_even_like_fractions(denominator):
    for numerator in [*range(-50, 50), 10**30 + 1, 5 * denominator // 2]:
        assert money.divide_half_even(numerator, denominator) == round(
            Fraction(numerator, denominator)
        )


def test_the_price_of_tokens():
    assert money.tokens_cost_nano(22_361_870, money.nano("1.25")) == 27_952_337_500
    assert money.tokens_cost_nano(4_088_665, money.nano(10)) == 40_886_650_000
