"""Take what is dirty and recompute it, an hour or a day in a transaction of its own.

Sums and minutes come first, in the second in which calls come. Latency sketches take several times
as long, so they have a pass of their own and say for themselves as of when they are true.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection, transaction
from django.utils import timezone

from apps.usage.models import DirtyDay, DirtyHour, FillState
from apps.usage.rollups.additive import DAYS, HOURS, MINUTES
from apps.usage.rollups.sketches import CELL_DAYS, CELL_HOURS, READY_DAYS, READY_HOURS

LOCK_HOURS, LOCK_DAYS, LOCK_TICK, LOCK_SKETCHES = 42, 43, 44, 45  # first keys of our locks
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_SECONDS = 20.0  # of one pass; the next one goes on
DAY_AFTER = timedelta(seconds=5)  # today is recomputed no more often than so
SKETCHES_AFTER = timedelta(seconds=30)  # and its sketches than so
SUMS_OF_HOUR = {"usage_hour": HOURS, "usage_minute": MINUTES}
SUMS_OF_DAY = {"usage_day": DAYS}
SKETCHES_OF_HOUR = {"latency_cell_hour": CELL_HOURS, "latency_hour": READY_HOURS}
SKETCHES_OF_DAY = {"latency_cell_day": CELL_DAYS, "latency_day": READY_DAYS}
# An hour whose sums are taken now waits on for its sketches, as long as its oldest row does.
TAKE_HOURS = """
WITH gone AS (
    DELETE FROM usage_dirtyhour WHERE NOT summed AND hour >= %s AND hour < %s RETURNING hour, at
), waiting AS (
    INSERT INTO usage_dirtyhour (hour, at, summed) SELECT hour, min(at), true FROM gone GROUP BY 1
)
SELECT min(at) FROM gone
"""
TAKE_SKETCHES = """
WITH gone AS (
    DELETE FROM usage_dirtyhour WHERE summed AND hour >= %s AND hour < %s RETURNING hour, at
)
SELECT min(at), array_agg(DISTINCT hour ORDER BY hour) FROM gone
"""


@dataclass(frozen=True)
class Done:
    """What one pass did, and how long its oldest hour had waited (0 where nothing waited)."""

    hours: int
    days: int
    lag_ms: int


def roll_tick() -> Done | None:
    """Recompute the sums of what is dirty, unless another worker is at it: both would wait."""
    return _alone(0, roll_dirty)


def sketch_tick() -> Done | None:
    """Recompute the sketches of what has its sums, unless another worker is at it."""
    return _alone(1, roll_sketches)


def roll_all() -> Done:
    """Recompute everything dirty now, days and sketches too."""
    done = roll_dirty(day_after=timedelta(0), most_seconds=float("inf"))
    roll_sketches(after=timedelta(0), most_seconds=float("inf"))
    return done


def _alone(number: int, act: Callable[[], Done]) -> Done | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_TICK, number])
        if not cursor.fetchone()[0]:
            return None
        try:
            return act()
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_TICK, number])


def roll_dirty(*, day_after: timedelta = DAY_AFTER, most_seconds: float = MOST_SECONDS) -> Done:
    """Recompute the sums of dirty hours, then of the days that wait longer than `day_after`."""
    began = timezone.now()
    hours, days, lag = 0, 0, timedelta(0)
    waiting = DirtyHour.objects.filter(summed=False).order_by("hour")
    spans = list(_spans(list(waiting.values_list("hour", flat=True).distinct())))
    for lo, hi in reversed(spans):  # what people look at now comes first
        lag = max(lag, _roll_hours(lo, hi))
        hours += (hi - lo) // HOUR
        if (timezone.now() - began).total_seconds() > most_seconds:
            break
    else:
        _filled("hours", began, lag)
    due = DirtyDay.objects.filter(at__lte=timezone.now() - day_after)
    for day in due.order_by("-day").values_list("day", flat=True).distinct():
        _roll_day(day)
        days += 1
    if not DirtyDay.objects.filter(at__lte=began - day_after).exists():
        _filled("days", began, timedelta(0))
    return Done(hours, days, round(lag.total_seconds() * 1000))


def roll_sketches(*, after: timedelta = SKETCHES_AFTER, most_seconds: float = MOST_SECONDS) -> Done:
    """Recompute the sketches of summed hours, and of their days, that wait longer than `after`."""
    began = timezone.now()
    hours, days, lag = 0, 0, timedelta(0)
    due = DirtyHour.objects.filter(summed=True, at__lte=began - after)
    waiting = due.values_list("hour", flat=True).distinct()
    for day in sorted({hour.date() for hour in waiting}, reverse=True):
        count, waited = _sketch_day(day)
        hours, days, lag = hours + count, days + 1, max(lag, waited)
        if (timezone.now() - began).total_seconds() > most_seconds:
            break
    else:
        _filled("sketches", began, lag)
    return Done(hours, days, round(lag.total_seconds() * 1000))


def _spans(hours: list[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Join hours that follow each other, within one day, into [from, to)."""
    start = 0
    for here in range(1, len(hours) + 1):
        joined = (
            here < len(hours)
            and hours[here] - hours[here - 1] == HOUR
            and hours[here].date() == hours[start].date()
        )
        if not joined:
            yield hours[start], hours[here - 1] + HOUR
            start = here


@transaction.atomic
def _roll_hours(lo: datetime, hi: datetime) -> timedelta:
    """Recompute [lo, hi); returns how long the oldest of its batches had waited.

    Whoever comes second to an hour waits for the first and then sees all rows that were committed
    before: the queue is emptied under the lock.
    """
    with connection.cursor() as cursor:
        number = int(lo.timestamp()) // 3600
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, h) FROM generate_series(%s::int, %s::int) h",
            [LOCK_HOURS, number, number + (hi - lo) // HOUR - 1],
        )
        cursor.execute(TAKE_HOURS, [lo, hi])
        oldest: datetime | None = cursor.fetchone()[0]
        if oldest is None:
            return timedelta(0)
    _recompute(SUMS_OF_HOUR, "hour", lo, hi)
    DirtyDay.objects.create(day=lo.date(), at=oldest)
    return timezone.now() - oldest


@transaction.atomic
def _roll_day(day: date) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_DAYS, day.toordinal()])
        cursor.execute("DELETE FROM usage_dirtyday WHERE day = %s", [day])
        if not cursor.rowcount:
            return
    _recompute(SUMS_OF_DAY, "day", *_ends(day))


@transaction.atomic
def _sketch_day(day: date) -> tuple[int, timedelta]:
    """Recompute a day's waiting hours, then the day; how many, and how long the oldest waited."""
    start, end = _ends(day)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SKETCHES, day.toordinal()])
        cursor.execute(TAKE_SKETCHES, [start, end])
        oldest, hours = cursor.fetchone()
    if oldest is None:
        return 0, timedelta(0)
    for lo, hi in _spans(hours):
        _recompute(SKETCHES_OF_HOUR, "hour", lo, hi)
    _recompute(SKETCHES_OF_DAY, "day", start, end)
    return len(hours), timezone.now() - oldest


def _ends(day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time(), UTC)
    return start, start + DAY


def _recompute(filled: Mapping[str, str], at: str, lo: datetime, hi: datetime) -> None:
    """Delete what tables say of [lo, hi), and fill it in again."""
    with connection.cursor() as cursor:
        for table, fill in filled.items():
            cursor.execute(f"DELETE FROM {table} WHERE {at} >= %s AND {at} < %s", [lo, hi])  # noqa: S608
            cursor.execute(fill, {"lo": lo, "hi": hi})


def _filled(name: str, at: datetime, lag: timedelta) -> None:
    lag_ms = round(lag.total_seconds() * 1000)
    FillState.objects.update_or_create(name=name, defaults={"at": at, "lag_ms": lag_ms})
