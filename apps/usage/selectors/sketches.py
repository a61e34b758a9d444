"""Add up latency sketches and read percentiles off the sum, in numpy: ten times as fast as in SQL.

A sketch has the log buckets that occur, ascending, and the running count at each. Ready sketches
are packed, two and four bytes a bucket; cells have arrays, because SQL adds them up to days.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from apps.usage.protocols import Column
from apps.usage.selectors import packed
from apps.usage.selectors.schema import LOG_GAMMA

PERCENTS = np.array([50, 95, 99])
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
        *keys, self._sizes = (packed.numbers(b"".join(p[n] for p in parts)) for n in range(4))
        self._keys = [column.tolist() for column in keys]
        counts = [int(packed.numbers(part[3]).sum()) for part in parts]
        each = list(zip(parts, counts, strict=True))
        self._buckets = np.concatenate([packed.elements(p[4], n, ">i2") for p, n in each])
        running = np.concatenate([packed.elements(p[5], n, ">i4") for p, n in each])
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
    return Sketches(packed.fetch(sql, [value for _, values in selects for value in values], 6))
