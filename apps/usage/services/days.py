"""The life of a raw day: made ahead, closed with read indexes, frozen, dropped."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta

import structlog
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from apps.kernel.errors import ConflictError
from apps.usage import selectors
from apps.usage.models import DirtyDay, DirtyHour, FillState, RawDay
from apps.usage.selectors.schema import BY_MONTH, month_of, raw_table

log = structlog.get_logger(__name__)
LOCK = 41  # first key of our advisory locks (rollups have 42 to 44)
DAYS_AHEAD = 7
CLOSE_AFTER = timedelta(hours=1)  # late rows of the last minutes come in before the indexes
READ_INDEXES = {
    "deployment": "(deployment_id, ts)",
    "team": "(team_id, ts)",
    "workload": "(workload_id, ts)",
}


def midnight(day: date) -> datetime:
    """Return the beginning of a UTC day."""
    return datetime.combine(day, time(), UTC)


def oldest_kept() -> datetime:
    """Return the beginning of the first UTC day whose rows are still kept."""
    return midnight(timezone.now().date() - timedelta(days=settings.USAGE_RAW_DAYS))


def ensure_days(days: Collection[date]) -> None:
    """Make the raw partitions of `days` and the rollup partitions of their months, once.

    Two at once wait for each other; a table is made apart and attached, so that nobody who reads
    or writes other days waits.
    """
    known = set(RawDay.objects.filter(day__in=days).values_list("day", flat=True))
    for day in sorted(set(days) - known):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [LOCK])
            for parent in BY_MONTH:
                first = day.replace(day=1)
                after = (first + timedelta(days=32)).replace(day=1)
                _attach(cursor, parent, f"{parent}_{month_of(day)}", first, after)
            _attach(cursor, "usage_record", raw_table(day), day, day + timedelta(days=1))
            RawDay.objects.get_or_create(day=day)


def _attach(cursor, parent: str, name: str, first: date, after: date) -> None:  # type: ignore[no-untyped-def]
    cursor.execute("SELECT to_regclass(%s)", [name])
    if cursor.fetchone()[0]:
        return
    cursor.execute(f"CREATE TABLE {name} (LIKE {parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    if parent.startswith("latency"):  # arrays stay inline and uncompressed: no work to read
        cursor.execute(
            f"ALTER TABLE {name} SET (toast_tuple_target = 8160), "
            "ALTER COLUMN idx SET STORAGE EXTERNAL, ALTER COLUMN cum SET STORAGE EXTERNAL"
        )
    cursor.execute(
        f"ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES FROM (%s) TO (%s)",
        [midnight(first), midnight(after)],
    )


def make_ahead() -> None:
    """Make today's partition and those of the next days, so that no writer ever waits for one."""
    today = timezone.now().date()
    ensure_days([today + timedelta(days=n) for n in range(DAYS_AHEAD + 1)])
    _ran("ahead")


def close_days() -> list[date]:
    """Give each day that is over its read indexes; returns the days closed now.

    On the open day they would cost more than half of the speed of ingest.
    """
    before = (timezone.now() - CLOSE_AFTER).date()
    closed = []
    for row in RawDay.objects.filter(day__lt=before, closed_at=None, dropped_at=None):
        with transaction.atomic(), connection.cursor() as cursor:
            for name, columns in READ_INDEXES.items():
                table = raw_table(row.day)
                cursor.execute(f"CREATE INDEX IF NOT EXISTS {table}_{name} ON {table} {columns}")
            RawDay.objects.filter(pk=row.pk).update(closed_at=timezone.now())
        closed.append(row.day)
    _ran("closed")
    return closed


@transaction.atomic
def freeze_day(day: date) -> None:
    """Let no row come to a day any more; a later one goes to quarantine.

    The row lock waits for every writer of the day. Refused while its rollups are not recomputed or
    do not equal the raw rows: they will be all that is left.
    """
    row = RawDay.objects.select_for_update().filter(pk=day).first()
    if row is None or row.frozen_at:
        return
    start, end = midnight(day), midnight(day + timedelta(days=1))
    waiting = DirtyHour.objects.filter(hour__gte=start, hour__lt=end).exists()
    if waiting or DirtyDay.objects.filter(day=day).exists():
        raise ConflictError(f"{day} waits for its rollups. Freeze it once they are recomputed.")
    wrong = selectors.differences(start, end)
    if wrong:
        raise ConflictError(f"{day} cannot be frozen: {wrong[0]}. Run check_usage, then mend it.")
    row.frozen_at = timezone.now()
    row.save(update_fields=["frozen_at"])


def drop_old_days() -> list[date]:
    """Freeze and drop raw days older than settings.USAGE_RAW_DAYS; rollups stay for good.

    A day that cannot be frozen is kept and logged; check_usage says what is wrong with it.
    """
    oldest = timezone.now().date() - timedelta(days=settings.USAGE_RAW_DAYS)
    dropped = []
    for day in RawDay.objects.filter(day__lt=oldest, dropped_at=None).values_list("day", flat=True):
        try:
            freeze_day(day)
        except ConflictError as refused:  # the others must not wait for this one
            log.error("raw day kept", day=str(day), why=refused.message)
            continue
        if _dropped(day):
            dropped.append(day)
    _ran("dropped")
    return dropped


def _dropped(day: date) -> bool:
    """Drop a frozen day's rows, unless somebody reads them just now: all others would queue."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [LOCK])
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            cursor.execute(f"DROP TABLE IF EXISTS {raw_table(day)}")
            RawDay.objects.filter(pk=day).update(dropped_at=timezone.now())
    except OperationalError as busy:
        log.warning("raw day is being read", day=str(day), why=str(busy))
        return False
    return True


def _ran(name: str) -> None:
    FillState.objects.update_or_create(name=name, defaults={"at": timezone.now()})
