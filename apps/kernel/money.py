"""Money is an integer number of nano units of the reporting currency (10⁻⁹ USD)."""

from decimal import ROUND_HALF_EVEN, Decimal

NANO = 1_000_000_000
CURRENCY = "USD"


def nano(amount: Decimal | str | int) -> int:
    """Turn an amount in whole currency units into nano; half-even below a nano. Refuses floats."""
    if isinstance(amount, float):
        raise TypeError("Money is never a float: pass a Decimal, a str or an int.")
    return int((Decimal(amount) * NANO).to_integral_value(rounding=ROUND_HALF_EVEN))


def decimal(amount_nano: int) -> Decimal:
    """Turn nano into whole currency units, with nine places."""
    return Decimal(amount_nano).scaleb(-9)


def tokens_cost_nano(tokens: int, price_per_1m_nano: int) -> int:
    """Price `tokens` at nano per 1 M tokens: one multiplication, one half-even rounding."""
    return divide_half_even(tokens * price_per_1m_nano, 1_000_000)


def divide_half_even(numerator: int, denominator: int) -> int:
    """Divide integers exactly, half to even; `denominator` > 0."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient % 2):
        quotient += 1
    return quotient
