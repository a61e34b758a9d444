"""Prove that raw rows, hours and days say the same, and that background work is on time."""

from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

from apps.usage.models import DirtyHour, FillState, RawDay
from apps.usage.selectors.schema import BY_MONTH, KEY, RAW, SUMS, month_of, raw_table

LATE = {
    "hours": timedelta(minutes=2),
    "days": timedelta(minutes=5),
    "ahead": timedelta(hours=3),
    "closed": timedelta(hours=3),
    "dropped": timedelta(hours=3),
}
DAYS_NEEDED_AHEAD = 2
_NAMES = ", ".join(SUMS)
_KEY = ", ".join(KEY)
_RAW_KEY = ", ".join("coalesce(price_set_id, 0)" if k == "price_set_id" else k for k in KEY)
_FROM = {
    "raw rows": (
        f"SELECT {_RAW_KEY}, {', '.join(SUMS.values())} FROM {RAW} "  # noqa: S608
        f"WHERE role = 0 AND ts >= %s AND ts < %s GROUP BY {_RAW_KEY}"
    ),
    "hours": (
        f"SELECT {_KEY}, {', '.join(f'sum({n})::bigint' for n in SUMS)} FROM usage_hour "  # noqa: S608
        f"WHERE hour >= %s AND hour < %s GROUP BY {_KEY}"
    ),
    "days": (
        f"SELECT {_KEY}, {_NAMES} FROM usage_day WHERE day >= %s AND day < %s"  # noqa: S608
    ),
}


def differences(start: datetime, end: datetime) -> list[str]:
    """Compare raw rows, hours and days of the UTC days in [start, end), key by key, every sum.

    Returns a sentence for each day and column that differs. Raw rows that were dropped are not
    compared: frozen hours stand for them.
    """
    dropped = set(RawDay.objects.filter(dropped_at__isnull=False).values_list("day", flat=True))
    found = []
    day = start
    while day < end:
        sides = {
            name: _read(sql, day)
            for name, sql in _FROM.items()
            if name != "raw rows" or day.date() not in dropped
        }
        first, *others = sides
        for other in others:
            found += _compare(day, (first, sides[first]), (other, sides[other]))
        day += timedelta(days=1)
    return found


Sums = dict[tuple[int, ...], tuple[int, ...]]


def _read(sql: str, day: datetime) -> Sums:
    with connection.cursor() as cursor:
        cursor.execute(sql, [day, day + timedelta(days=1)])
        return {row[: len(KEY)]: row[len(KEY) :] for row in cursor.fetchall()}


def _compare(day: datetime, one: tuple[str, Sums], other: tuple[str, Sums]) -> list[str]:
    (name, left), (other_name, right) = one, other
    if left == right:
        return []
    nothing = (0,) * len(SUMS)
    wrong = []
    for position, column in enumerate(SUMS):
        keys = [
            key
            for key in left.keys() | right.keys()
            if left.get(key, nothing)[position] != right.get(key, nothing)[position]
        ]
        if keys:
            said = sum(left.get(key, nothing)[position] for key in keys)
            other_said = sum(right.get(key, nothing)[position] for key in keys)
            wrong.append(
                f"{day:%Y-%m-%d}: {column} is {said} in {name} and {other_said} in {other_name} "
                f"for {len(keys)} of {len(left.keys() | right.keys())} keys"
            )
    return wrong


def span() -> tuple[datetime, datetime] | None:
    """Return the UTC days, [first, last), that have or had a raw partition; None before any."""
    known = RawDay.objects.order_by("day").values_list("day", flat=True)
    first, last = known.first(), known.last()
    if first is None or last is None:
        return None
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return start, datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)


def late() -> list[str]:
    """Say which background work is late, and which partitions are missing."""
    now = timezone.now()
    states = dict(FillState.objects.values_list("name", "at"))
    found = []
    for name, most in LATE.items():
        at = states.get(name)
        if at is None:
            found.append(f"“{name}” has never run. Is the worker up?")
        elif now - at > most:
            found.append(
                f"“{name}” last ran through at {at:%Y-%m-%d %H:%M:%S} UTC. Is the worker up?"
            )
    oldest = DirtyHour.objects.order_by("at").values_list("at", flat=True).first()
    if oldest and now - oldest > LATE["hours"]:
        found.append(f"Rows wait for their rollups since {oldest:%Y-%m-%d %H:%M:%S} UTC.")
    return found + [f"The partition {name} is missing." for name in _missing(now)]


def _missing(now: datetime) -> list[str]:
    needed = {raw_table((now + timedelta(days=n)).date()) for n in range(DAYS_NEEDED_AHEAD + 1)}
    kept = RawDay.objects.filter(dropped_at=None).values_list("day", flat=True)
    needed |= {raw_table(day) for day in kept}
    needed |= {f"{parent}_{month_of(day)}" for day in kept for parent in BY_MONTH}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) name WHERE to_regclass(name) IS NULL ORDER BY 1",
            [sorted(needed)],
        )
        return [name for (name,) in cursor.fetchall()]
