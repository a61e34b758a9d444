"""Measure how close exactly-once ingest comes to what the server can take, and the rollups' lag.

All ratios are of one run and the same rows, as dense in time as ten million over ninety days; the
fastest of several turns counts, because others may share the machine. The limit is the server's
own binary COPY of a file into daily partitions without an index. Plain is what a loader without
any care sends there: the same batches, encoded alike, but attributed and priced beforehand.
"""

import multiprocessing
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from statistics import median

import django
from django.db import connection, transaction

from apps.usage import rollups
from apps.usage.models import IngestBatch, Source, UsageRecord
from apps.usage.protocols import Column, Events
from apps.usage.selectors.schema import SUMS
from apps.usage.services import BATCH_ROWS
from apps.usage.services.attribution import attribute
from apps.usage.services.copying import Field, encode
from apps.usage.services.ingest import layout
from apps.usage.services.pricing import DAY_US
from benchmarks.usage_data import Company, days_of, make_company, send

ROWS = 400_000
ROWS_A_DAY = 100_000
REPEATS = 5
BULK_ROWS = 20_000
REPLAYS = 50
WRITERS = 2
LAG_S = 20
PAUSE_S = 4.0  # of a writer, from batch to batch: together 10,000 rows a second
BEAT_S = 1.0
SKETCHES_AFTER = timedelta(seconds=5)
Finished = tuple[list[Field], list[Column]]  # of a batch: its columns, and each day's rows


def run(rows: int | None) -> dict[str, float]:
    """Return the ratios, a replay's milliseconds, and the seconds until rows are rolled up."""
    rows = rows or ROWS
    company = make_company()
    _sql("ANALYZE")  # as the server does by itself within a minute
    days = max(1, rows // ROWS_A_DAY)
    batches = [b for day in days_of(company, rows, days=days) for b in day.batches(BATCH_ROWS)]
    finished = [_finished(batch) for batch in batches]
    _store(batches, "first")  # makes the partitions, and fills caches
    once, plain, limit = [], [], []
    for number in range(REPEATS):
        _empty("usage_record")
        once.append(_speed(rows, partial(_store, batches, str(number))))
        _unindexed("plain")
        plain.append(_speed(rows, lambda: _store_plain(finished)))
        _unindexed("limit")
        limit.append(_speed(rows, _server_side("limit")))
    replays = [_taken(lambda: send(batches[0], f"{REPEATS - 1}/0")) for _ in range(REPLAYS)]
    bulk = _bulk_create_speed()
    lags = _lags(company)
    return {
        "copy_to_limit": max(plain) / max(limit),
        "exactly_once_to_plain": max(once) / max(plain),
        "exactly_once_to_bulk_create": max(once) / bulk,
        "replay_ms": median(replays) * 1000,
        "rollup_lag_median_s": median(lags),
        "rollup_lag_worst_s": max(lags),
        "rows_per_s": max(once),
    }


def _taken(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _speed(rows: int, act: Callable[[], object]) -> float:
    return rows / _taken(act)


def _store(batches: list[Events], run_name: str) -> None:
    for number, batch in enumerate(batches):
        send(batch, f"{run_name}/{number}")


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _empty(table: str) -> None:
    _sql(f"TRUNCATE {table}")
    _sql("CHECKPOINT")


def _unindexed(name: str) -> None:
    """Make the daily partitions of usage_record once more, without index and constraint."""
    _sql(f"DROP TABLE IF EXISTS bench_{name}")
    _sql(f"CREATE TABLE bench_{name} (LIKE usage_record) PARTITION BY RANGE (ts)")
    with connection.cursor() as cursor:
        cursor.execute("SELECT day FROM usage_rawday ORDER BY 1")
        days = [day for (day,) in cursor.fetchall()]
    for day in days:
        _sql(
            f"CREATE TABLE bench_{name}_{day:%Y%m%d} PARTITION OF bench_{name} "
            f"FOR VALUES FROM ('{day} 00:00+00') TO ('{day}'::date + 1)"
        )
    _sql("CHECKPOINT")


def _finished(events: Events) -> Finished:
    """Attribute and price a batch beforehand: its columns as they are sent, day by day."""
    source = Source.objects.get_or_create(slug="gateway")[0]
    placed, lost = attribute(events, source)
    assert not lost.any(), "every pair has a grant"
    fields = layout(placed, IngestBatch(pk=0, source=source))
    days: Column = events.ts_us // DAY_US
    return fields, [(days == day).nonzero()[0] for day in set(days.tolist())]


def _store_plain(batches: list[Finished]) -> None:
    for fields, parts in batches:
        names = ", ".join(field.name for field in fields)
        with transaction.atomic(), connection.cursor() as cursor:
            for rows in parts:
                with cursor.copy(f"COPY bench_plain ({names}) FROM STDIN (FORMAT binary)") as copy:
                    copy.write(b"".join(encode(fields, rows)))


def _server_side(name: str) -> Callable[[], None]:
    """Let the server write the stored rows to a file of its own, to be read back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('data_directory')")
        file = f"{cursor.fetchone()[0]}/usage.bench"
    _sql(f"COPY (SELECT * FROM usage_record ORDER BY ts) TO '{file}' (FORMAT binary)")
    return lambda: _sql(f"COPY bench_{name} FROM '{file}' (FORMAT binary)")


def _bulk_create_speed() -> float:
    rows = list(UsageRecord.objects.order_by("ts")[:BULK_ROWS])
    _empty("usage_record")
    return _speed(len(rows), lambda: UsageRecord.objects.bulk_create(rows))


def _lags(company: Company) -> list[float]:
    """Let two writers store day after day while this process rolls up as the beat does.

    Latency sketches are made beside it, by another process, more often than the beat asks for them.
    A batch's lag ends with the first pass that began after its commit: a little later than its
    rows can be read, never earlier.
    """
    _empty("usage_record")
    _sql("TRUNCATE usage_dirtyhour, usage_dirtyday")
    rollups.roll_all()
    passes: list[tuple[float, float]] = []
    context = multiprocessing.get_context("spawn")
    committed: list[float] = []
    with context.Pool(WRITERS + 1, initializer=django.setup) as pool:
        sketched = pool.apply_async(_sketch)
        sent = pool.starmap_async(_write, [(company, n) for n in range(WRITERS)])
        while not sent.ready():
            passes.append(_pass())
            time.sleep(max(0, BEAT_S - passes[-1][1] + passes[-1][0]))
        for one in sent.get():
            committed += one
        sketched.get()
    passes.append(_pass())
    rolled, stored = _counts()
    assert rolled == stored, f"{rolled} of {stored} rows are rolled up"
    return [min(end for began, end in passes if began >= at) - at for at in committed]


def _pass() -> tuple[float, float]:
    began = time.time()
    rollups.roll_dirty(most_seconds=float("inf"))
    return began, time.time()


def _sketch() -> None:
    until = time.time() + LAG_S
    while time.time() < until:
        began = time.time()
        rollups.roll_sketches(after=SKETCHES_AFTER)
        time.sleep(max(0, BEAT_S + began - time.time()))


def _write(company: Company, number: int) -> list[float]:
    """Store batches for LAG_S seconds, in hours that the other writer fills too; returns when."""
    until = time.time() + LAG_S
    committed: list[float] = []
    for day, events in enumerate(days_of(company, 45 * ROWS_A_DAY, days=45, seed=number)):
        for part, batch in enumerate(events.batches(BATCH_ROWS)):
            began = time.time()
            if began > until:
                return committed
            send(batch, f"lag/{number}/{day}/{part}")
            committed.append(time.time())
            time.sleep(max(0, PAUSE_S + began - time.time()))
    return committed


def _counts() -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT (SELECT sum({next(iter(SUMS))}) FROM usage_hour), "
            "(SELECT count(*) FROM usage_record)"
        )
        rolled, stored = cursor.fetchone()
    return int(rolled), int(stored)
