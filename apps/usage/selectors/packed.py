"""Fetch many numbers as a few byte strings: a row of Python each would take the most time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection

from apps.usage.protocols import Column


def fetch(
    sql: str, values: Sequence[Any] | Mapping[str, Any], columns: int
) -> list[tuple[bytes, ...]]:
    """Run a SELECT of so many columns of bytes; NULL is none.

    By COPY: the answer to a query comes as text, where bytes are twice as long and slow to read.
    """
    with connection.wrap_database_errors, connection.cursor() as cursor:
        query = cursor.mogrify(sql, values)
        with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["bytea"] * columns)
            return [tuple(part or b"" for part in row) for row in copy.rows()]


def numbers(content: bytes) -> Column:
    """Read what int8send wrote."""
    return np.frombuffer(content, ">i8").astype(np.int64)


def elements(content: bytes, count: int, kind: str) -> Column:
    """Read so many packed numbers, or those of arrays: a length of four bytes is before each."""
    if not count:
        return np.empty(0, np.int64)
    dtype = np.dtype(kind)
    width = len(content) // count
    return np.ndarray(count, dtype, content, width - dtype.itemsize, (width,)).astype(np.int64)
