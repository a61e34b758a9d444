"""Add up latency sketches and read percentiles off the sum, in numpy: ten times as fast as in SQL.

A sketch has the log buckets that occur, ascending, and the running count at each. Ready sketches
are packed, two and four bytes a bucket; cells have arrays, because SQL adds them up to days.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from django.db import connection

from apps.usage.protocols import Column
from apps.usage.selectors.schema import LOG_GAMMA

PERCENTS = np.array([50, 95, 99])
# All cells of a question are one row, each column one value: a row each would take the most time.
ALL = """SELECT string_agg(int8send(metric), ''), string_agg(int8send(step), ''),
    string_agg(int8send(line), ''), string_agg(int8send(size), ''),
    string_agg(idx, ''), string_agg(cum, '') FROM"""
PACKED = "length(idx) / 2 AS size, idx, cum"
ARRAYS = """cardinality(idx) AS size,
    substr(array_send(idx), 21) AS idx, substr(array_send(cum), 21) AS cum"""
K = TypeVar("K", bound=Hashable)
Select = tuple[str, list[Any]]  # a statement and its parameters
Part = tuple[bytes, ...]  # key of three, size, idx, cum


class Percentiles(NamedTuple):
    """Milliseconds within which so many of `n` answers came; None where no source told any."""

    n: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class Sketches:
    """Sketches under keys of three numbers: metric, step as seconds since 1970, line."""

    def __init__(self, parts: Sequence[Part]) -> None:
        numbers = [[np.frombuffer(part[n], ">i8") for part in parts] for n in range(4)]
        self._keys = [_joined(column).tolist() for column in numbers[:3]]
        self._sizes = _joined(numbers[3])
        each = list(zip(parts, numbers[3], strict=True))
        self._buckets = _joined(_elements(part[4], sizes, ">i2") for part, sizes in each)
        running = _joined(_elements(part[5], sizes, ">i4") for part, sizes in each)
        first = self._sizes.cumsum() - self._sizes
        self._counts = np.diff(running, prepend=0)
        self._counts[first] = running[first]

    def by(self, named: Callable[[int, int, int], K]) -> dict[K, Percentiles]:
        """Return the percentiles of all sketches whose keys get the same name."""
        names: dict[K, int] = {}
        places = [names.setdefault(name, len(names)) for name in map(named, *self._keys)]
        if not names:
            return {}
        buckets, counts, ends = self._added(places, len(names))
        running = counts.cumsum()
        totals = running[ends - 1]
        n = np.diff(totals, prepend=0)
        ranks = (totals - n)[:, None] - (-PERCENTS * n[:, None] // 100)  # nearest, rounded up
        found = buckets[np.searchsorted(running, ranks)]
        ms = np.exp(float(LOG_GAMMA) * found) * 0.99  # the middle of a bucket
        every = zip(names, n.tolist(), ms.tolist(), strict=True)
        return {name: Percentiles(count, *some) for name, count, some in every}

    def total(self) -> Percentiles:
        """Return the percentiles of all."""
        return self.by(lambda *key: None).get(None, Percentiles())

    def _added(self, places: Sequence[int], most: int) -> tuple[Column, Column, Column]:
        """Return buckets and counts of every place, one place after the other, and its ends."""
        if most == len(places):
            return self._buckets, self._counts, self._sizes.cumsum()
        low = self._buckets.min()
        width = self._buckets.max() - low + 1
        cells = np.repeat(np.array(places) * width - low, self._sizes) + self._buckets
        counts = np.bincount(cells, self._counts, most * width)
        found = np.flatnonzero(counts)
        ends = np.searchsorted(found, np.arange(1, most + 1) * width)
        return found % width + low, counts[found].astype(np.int64), ends


def read(*selects: Select) -> Sketches:
    """Run statements as one; each tells metric, step, line, and PACKED or ARRAYS of its rows."""
    sql = " UNION ALL ".join(f"{ALL} ({sql}) AS cells" for sql, _ in selects)
    values = [value for _, given in selects for value in given]
    with connection.wrap_database_errors, connection.cursor() as cursor:
        query = cursor.mogrify(sql, values)
        # An answer to a query comes as text, where bytes are twice as long and slow to read.
        with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["bytea"] * 6)
            return Sketches([row for row in copy.rows() if row[0] is not None])


def _elements(content: bytes, sizes: Column, kind: str) -> Column:
    """Read packed numbers, or those of arrays: before each is its length, of four bytes."""
    count, dtype = int(sizes.sum()), np.dtype(kind)
    width = len(content) // count
    return np.ndarray(count, dtype, content, width - dtype.itemsize, (width,))


def _joined(columns: Iterable[Column]) -> Column:
    return np.concatenate([np.empty(0, np.int64), *columns]).astype(np.int64)
