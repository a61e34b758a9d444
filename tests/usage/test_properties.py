"""However calls arrive, shuffled, repeated, at once, with crashes: the totals are their sum."""

from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import count

import numpy as np
import pytest
from django.db import connection

from apps.usage import rollups, selectors
from tests.crash import connection_ends_before
from tests.race import at_once
from tests.usage.batches import send
from tests.usage.traffic import DAY, pairs, plain_sum, stored, traffic

AT_ONCE = timedelta(0)


def cut(found, rng):
    """Cut calls into shuffled batches; a third of the rows comes in two of them, some thrice."""
    rows = rng.permutation(len(found))
    edges = np.sort(rng.integers(0, len(rows), 6))
    parts = [part for part in np.split(rows, edges) if len(part)]
    again = [rng.permutation(rows)[: len(rows) // 3] for _ in range(2)]
    batches = [found.take(part) for part in [*parts, *again]]
    return [batches[place] for place in rng.permutation(len(batches))]


def settled(called, found):
    """Check that all is rolled up and equal to the plain sum."""
    rollups.roll_all()
    assert stored() == plain_sum(called, found)
    assert selectors.differences(*selectors.span()) == []


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
def test_any_split_order_and_repetition(people, seed):
    rng = np.random.default_rng(seed)
    called = pairs(people)
    found = traffic(called, rng, 400)
    batches = cut(found, rng)
    for number, batch in enumerate(batches):
        receipt = send(batch, key=f"k{number}")
        assert receipt.received == receipt.inserted + receipt.duplicate == len(batch)
        if rng.random() < 0.3:
            rollups.roll_dirty(day_after=AT_ONCE)
        if rng.random() < 0.3:
            rollups.roll_sketches(after=AT_ONCE)
        assert send(batch, key=f"k{number}").replayed
    settled(called, found)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(3))
def test_batches_at_once_with_crashes_while_others_roll_up(people, seed):
    """Eight senders whose batches overlap, each cut off once somewhere, and two rollers."""
    rng = np.random.default_rng(100 + seed)
    called = pairs(people)
    found = traffic(called, rng, 600)

    def sender(number, batch, n):
        with connection_ends_before(n) as crash, suppress(*crash.errors):
            send(batch, key=f"k{number}")
        connection.close()
        return send(batch, key=f"k{number}")

    def roller(n):
        for _ in range(6):
            with connection_ends_before(n) as crash, suppress(*crash.errors):
                rollups.roll_dirty(day_after=AT_ONCE)
                rollups.roll_sketches(after=AT_ONCE)
            connection.close()
        return "rolled"

    batches = cut(found, rng)
    acts = [partial(sender, *one, int(rng.integers(1, 60))) for one in enumerate(batches)]
    said = at_once([*acts, *(partial(roller, int(rng.integers(1, 60))) for _ in range(2))])
    assert said[-2:] == ["rolled", "rolled"]
    assert not [one for one in said if isinstance(one, Exception)]
    settled(called, found)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_crash_before_any_statement_of_receive(people):
    """Every batch has rows that are there already, so that both ways in are walked."""
    rng = np.random.default_rng(11)
    called = pairs(people)
    found = traffic(called, rng, 2_000)
    for n in count(1):
        batch = found.take(np.arange(20 * n - 20, 20 * n + 5))
        with connection_ends_before(n) as crash, suppress(*crash.errors):
            send(batch, key=f"k{n}")
        connection.close()
        send(batch, key=f"k{n}")
        if not crash.happened:
            break
    assert n > 20
    settled(called, found.take(np.arange(20 * n + 5)))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_crash_before_any_statement_of_a_rollup(people):
    """Two hours on two days: each is recomputed in a transaction of its own."""
    rng = np.random.default_rng(12)
    called = pairs(people)
    found = traffic(called, rng, 2_000, first=DAY + timedelta(hours=23), seconds=7_200)
    for n in count(1):
        send(found.take(np.arange(20 * n - 20, 20 * n)))
        with connection_ends_before(n) as crash, suppress(*crash.errors):
            rollups.roll_dirty(day_after=AT_ONCE)
            rollups.roll_sketches(after=AT_ONCE)
        connection.close()
        if not crash.happened:
            break
    assert n > 30
    settled(called, found.take(np.arange(20 * n)))
