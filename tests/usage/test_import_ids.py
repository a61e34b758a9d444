"""The id of a call is a UUID of version 5 that anybody can compute."""

import hashlib
import random
import struct
from uuid import UUID

import numpy as np
import pytest

from apps.usage.collectors.event_ids import MEASURED, NAMED, NAMESPACE, EventIds


def columns(rows):
    return {name: np.array([row[at] for row in rows], np.int64) for at, name in enumerate(NAMED)}


def row(time=17_001_585_466_805_900, read=374):
    return [12, 7, time, 200, -1, -1, read, 44] + [-1] * (len(MEASURED) - 5)


def ids(rows, name=None):
    return [UUID(bytes=bytes(one)) for one in (name or EventIds("calls"))(columns(rows))]


def by_hand(space, row, before):
    name = space.encode() + struct.pack(f">{len(row) + 1}q", *row, before)
    return UUID(bytes=hashlib.sha1(NAMESPACE.bytes + name).digest()[:16], version=5)  # noqa: S324


def test_an_id_is_the_uuid_of_what_a_row_says():
    rows = [row(), row(read=375), row()]
    expected = [by_hand("calls", rows[n], before) for n, before in enumerate((0, 0, 1))]
    assert ids(rows) == expected
    assert {(one.version, one.variant) for one in expected} == {(5, "specified in RFC 4122")}


@pytest.mark.parametrize("at", range(len(NAMED)))
def test_every_value_is_in_it(at):
    other = row()
    other[at] += 1
    assert ids([row()]) != ids([other])


def test_another_format_is_another_call():
    assert ids([row()]) != ids([row()], EventIds("azure-llm-trace"))


def test_any_cut_into_blocks_gives_the_same_ids():
    rows = [row(time=n % 13, read=n % 3) for n in range(400)]
    whole, chance = ids(rows), random.Random(7)  # noqa: S311
    assert len(set(whole)) == 400
    for _ in range(20):
        name, cut = EventIds("calls"), []
        left = rows
        while left:
            size = chance.randint(1, 90)
            cut += ids(left[:size], name)
            left = left[size:]
        assert cut == whole


def test_any_order_gives_the_same_set():
    rows = [row(time=n % 13, read=n % 3) for n in range(400)]
    mixed = random.Random(7).sample(rows, len(rows))  # noqa: S311
    assert set(ids(mixed)) == set(ids(rows))
