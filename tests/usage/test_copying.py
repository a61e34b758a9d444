"""Rows come out of the database as they were encoded, whatever is NULL in them."""

import uuid

import numpy as np
import pytest
from django.db import connection

from apps.usage.services.copying import Field, encode

pytestmark = pytest.mark.django_db
TABLE = "CREATE TEMP TABLE copied (id int8, a int8, b int4, c int2, d uuid, e bool, f int4)"
EDGES = {"i8": 2**63 - 1, "i4": 2**31 - 1, "i2": 2**15 - 1}


def copied(fields, rows):
    """Send rows through COPY; read them back in the order of their ids."""
    data = b"".join(encode(fields, rows))
    names = ", ".join(field.name for field in fields)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS copied")
        cursor.execute(TABLE)
        with cursor.copy(f"COPY copied ({names}) FROM STDIN (FORMAT binary)") as copy:
            copy.write(data)
        cursor.execute("SELECT id, a, b, c, d, e, f FROM copied ORDER BY id")
        return cursor.fetchall()


def made(rng, code, size):
    if code == "V16":
        return np.array([rng.bytes(16) for _ in range(size)], "V16")
    if code == "u1":
        return rng.integers(0, 2, size)
    most = EDGES[code]
    return rng.choice([0, 1, -1, most, -most - 1, int(rng.integers(0, most))], size)


def python(field, row):
    if field.known is not None and not field.known[row]:
        return None
    if field.code == "V16":
        return uuid.UUID(bytes=bytes(field.values[row]))
    return bool(field.values[row]) if field.code == "u1" else int(field.values[row])


@pytest.mark.parametrize("seed", range(6))
def test_any_pattern_of_nulls_comes_back(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 300))
    codes = {"a": "i8", "b": "i4", "c": "i2", "d": "V16", "e": "u1", "f": "i4"}
    fields = [Field("id", "i8", np.arange(size))]
    for name, code in codes.items():
        known = None if rng.random() < 0.2 else rng.random(size) < rng.choice([0, 0.5, 0.9, 1])
        fields.append(Field(name, code, made(rng, code, size), known))
    expected = [tuple(python(field, row) for field in fields) for row in range(size)]
    assert copied(fields, np.arange(size)) == expected
    taken = rng.permutation(size)[: size // 2]
    assert copied(fields, taken) == [expected[row] for row in sorted(taken)]


def test_no_row_is_a_valid_file():
    assert copied([Field("id", "i8", np.array([], np.int64))], np.arange(0)) == []


def test_a_column_that_is_left_out_is_null():
    assert copied([Field("id", "i8", np.array([7]))], np.arange(1)) == [(7, *[None] * 6)]
