"""Add up latency sketches and read percentiles off the sum; no database does it as fast.

A stored sketch has the log buckets that occur, ascending, and the running count at each.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from django.db import connection

from apps.usage.selectors.schema import LOG_GAMMA

PERCENTS = np.array([50, 95, 99])
# Arrays as PostgreSQL sends them: after a head of 20 bytes each element with its length before it.
COLUMNS = """string_agg(substr(array_send(idx), 21), ''),
    string_agg(substr(array_send(cum), 21), ''), string_agg(int4send(cardinality(idx)), '')"""
BUCKETS = np.dtype([("length", ">i4"), ("it", ">i2")])
COUNTS = np.dtype([("length", ">i4"), ("it", ">i4")])
SIZES = np.dtype(">i4")
K = TypeVar("K", bound=Hashable)
Select = tuple[str, list[Any]]  # a statement and its parameters


@dataclass(frozen=True)
class Percentiles:
    """Milliseconds within which so many of `n` answers came; None where no source told any."""

    n: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class Sketches:
    """Stored sketches under keys of three parts: metric, step of time, line."""

    def __init__(self, rows: Sequence[tuple[Any, ...]]) -> None:
        self.keys = [row[:3] for row in rows]
        buckets, running, sizes = (b"".join(row[n] for row in rows) for n in (3, 4, 5))
        self.buckets = np.frombuffer(buckets, BUCKETS)["it"].astype(np.int64)
        self.lengths = [len(row[3]) // BUCKETS.itemsize for row in rows]
        total = np.frombuffer(running, COUNTS)["it"].astype(np.int64)
        ends = np.frombuffer(sizes, SIZES).cumsum()
        first = np.concatenate(([0], ends[:-1])) if rows else ends
        self.counts = np.diff(total, prepend=0)
        self.counts[first] = total[first]

    def by(self, named: Callable[[Any, Any, Any], K]) -> dict[K, Percentiles]:
        """Return the percentiles of all sketches whose keys get the same name."""
        if not self.keys:
            return {}
        names: dict[K, int] = {}
        places = [names.setdefault(named(*key), len(names)) for key in self.keys]
        low = self.buckets.min()
        width = int(self.buckets.max() - low) + 1
        cells = np.repeat(np.array(places) * width - low, self.lengths) + self.buckets
        running = np.bincount(cells, self.counts, len(names) * width).cumsum().astype(np.int64)
        ends = running[width - 1 :: width]
        n = np.diff(ends, prepend=0)
        ranks = (ends - n)[:, None] - (-PERCENTS * n[:, None] // 100)  # nearest rank, rounded up
        found = np.searchsorted(running, ranks) % width + low
        ms = np.exp(float(LOG_GAMMA) * found) * 0.99  # the middle of a bucket
        every = zip(names, n.tolist(), ms.tolist(), strict=True)
        return {name: Percentiles(count, *some) for name, count, some in every}

    def total(self) -> Percentiles:
        """Return the percentiles of all."""
        return self.by(lambda *key: None).get(None, Percentiles())


def read(*selects: Select) -> Sketches:
    """Run statements, as one, that select metric, step, line and COLUMNS."""
    sql = " UNION ALL ".join(f"({sql})" for sql, _ in selects)
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for _, values in selects for value in values])
        return Sketches(cursor.fetchall())
