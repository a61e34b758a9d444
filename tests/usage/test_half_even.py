"""Prices in 64 bits are those of Python's integers, up to the largest counts and prices."""

from fractions import Fraction

import numpy as np
import pytest

from apps.kernel.money import divide_half_even, tokens_cost_nano
from apps.usage.protocols import MOST_TOKENS
from apps.usage.services.pricing import CLASSES, half_even

MOST_COUNT, MOST_PRICE = 2**31 - 1, 10**15  # a million USD for a million tokens


def both(tokens, prices):
    """Price each pair in columns and one by one."""
    columns = half_even(np.array(tokens, np.int64), np.array(prices, np.int64)).tolist()
    pairs = zip(tokens, prices, strict=True)
    return columns, [tokens_cost_nano(int(count), int(price)) for count, price in pairs]


@pytest.mark.parametrize("seed", range(5))
def test_random_counts_and_prices(seed):
    rng = np.random.default_rng(seed)
    digits = rng.integers(1, 16, 20_000)
    prices = (rng.random(20_000) * 10.0**digits).astype(np.int64)
    tokens = (rng.random(20_000) * 10.0 ** rng.integers(0, 10, 20_000)).astype(np.int64)
    columns, plain = both(np.minimum(tokens, MOST_COUNT), np.minimum(prices, MOST_PRICE))
    assert columns == plain


def test_halves_go_to_the_even_nano():
    columns, plain = both([1, 3, 5, 1, 1], [500_000, 500_000, 500_000, 500_001, 499_999])
    assert columns == plain == [0, 2, 2, 1, 0]


def test_the_largest_do_not_overflow():
    counts, prices = [MOST_COUNT, MOST_COUNT, 1, 0], [MOST_PRICE, MOST_PRICE - 1, MOST_PRICE, 1]
    columns, plain = both(counts, prices)
    assert columns == plain
    assert columns[0] == MOST_COUNT * 10**9
    assert len(CLASSES) * MOST_TOKENS * MOST_PRICE // 10**6 < 2**63  # a whole call fits too


@pytest.mark.parametrize("seed", range(3))
def test_huge_integers_are_divided_exactly(seed):
    rng = np.random.default_rng(seed)
    for size in range(1, 60, 3):
        numerator = int.from_bytes(rng.bytes(size)) - 256**size // 2
        denominator = int.from_bytes(rng.bytes(int(rng.integers(1, 20)))) + 1
        for one in (numerator, numerator // denominator * 2 * denominator + denominator):
            for over in (denominator, 2 * denominator):
                assert divide_half_even(one, over) == round(Fraction(one, over))
