"""Take what is dirty and recompute it, an hour or a day in a transaction of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection, transaction
from django.utils import timezone

from apps.usage.models import DirtyDay, DirtyHour, FillState
from apps.usage.rollups.additive import DAYS, HOURS, MINUTES
from apps.usage.rollups.sketches import CELL_DAYS, CELL_HOURS, READY_DAYS, READY_HOURS

LOCK_HOURS, LOCK_DAYS, LOCK_TICK = 42, 43, 44  # first keys of our advisory locks
HOUR = timedelta(hours=1)
MOST_SECONDS = 20.0  # of one pass; the next one goes on
DAY_AFTER = timedelta(seconds=5)  # today is recomputed no more often than so
FILLED_BY_HOUR = {
    "usage_hour": HOURS,
    "usage_minute": MINUTES,
    "latency_cell_hour": CELL_HOURS,
    "latency_hour": READY_HOURS,
}
FILLED_BY_DAY = {
    "usage_day": DAYS,
    "latency_cell_day": CELL_DAYS,
    "latency_day": READY_DAYS,
}


@dataclass(frozen=True)
class Done:
    """What one pass did, and how long its oldest hour had waited (0 where nothing waited)."""

    hours: int
    days: int
    lag_ms: int


def roll_tick() -> Done | None:
    """Recompute what is dirty, unless another worker is at it: two would wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, 0)", [LOCK_TICK])
        if not cursor.fetchone()[0]:
            return None
        try:
            return roll_dirty()
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, 0)", [LOCK_TICK])


def roll_all() -> Done:
    """Recompute everything dirty now, days too."""
    return roll_dirty(day_after=timedelta(0), most_seconds=float("inf"))


def roll_dirty(*, day_after: timedelta = DAY_AFTER, most_seconds: float = MOST_SECONDS) -> Done:
    """Recompute dirty hours, then the days that wait longer than `day_after`."""
    began = timezone.now()
    hours, days, lag = 0, 0, timedelta(0)
    waiting = DirtyHour.objects.order_by("hour").values_list("hour", flat=True).distinct()
    for lo, hi in reversed(list(_spans(list(waiting)))):  # what people look at now comes first
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
        cursor.execute(
            "WITH gone AS (DELETE FROM usage_dirtyhour WHERE hour >= %s AND hour < %s "
            "RETURNING at) SELECT min(at) FROM gone",
            [lo, hi],
        )
        oldest: datetime | None = cursor.fetchone()[0]
        if oldest is None:
            return timedelta(0)
        for table, fill in FILLED_BY_HOUR.items():
            cursor.execute(f"DELETE FROM {table} WHERE hour >= %s AND hour < %s", [lo, hi])  # noqa: S608
            cursor.execute(fill, {"lo": lo, "hi": hi})
    DirtyDay.objects.create(day=lo.date(), at=oldest)
    return timezone.now() - oldest


@transaction.atomic
def _roll_day(day: date) -> None:
    lo = datetime.combine(day, time(), UTC)
    hi = lo + timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_DAYS, day.toordinal()])
        cursor.execute("DELETE FROM usage_dirtyday WHERE day = %s", [day])
        if not cursor.rowcount:
            return
        for table, fill in FILLED_BY_DAY.items():
            cursor.execute(f"DELETE FROM {table} WHERE day >= %s AND day < %s", [lo, hi])  # noqa: S608
            cursor.execute(fill, {"lo": lo, "hi": hi})


def _filled(name: str, at: datetime, lag: timedelta) -> None:
    lag_ms = round(lag.total_seconds() * 1000)
    FillState.objects.update_or_create(name=name, defaults={"at": at, "lag_ms": lag_ms})
