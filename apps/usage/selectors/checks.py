"""Prove that raw rows, minutes, hours and days say the same."""

from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction

from apps.usage.models import DirtyDay, DirtyHour, RawDay
from apps.usage.selectors.schema import KEY, RAW, SUMS, minutes_of

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

_MINUTES = f"""
SELECT count(*) FILTER (WHERE counted.minutes IS DISTINCT FROM ready.minutes), count(*)
FROM ({minutes_of()}) AS counted FULL JOIN (
    SELECT * FROM usage_minute WHERE hour >= %(lo)s AND hour < %(hi)s
) AS ready USING (hour, deployment_id)
"""  # noqa: S608

_SKETCHED = {
    f"latency_{name}{at}": f"SELECT coalesce(sum(n) FILTER (WHERE metric = 0), 0), "  # noqa: S608
    f"coalesce(sum(n) FILTER (WHERE metric = 1), 0) FROM latency_{name}{at} "
    f"WHERE {at} >= %s AND {at} < %s {'' if name else 'AND dim = 0'}"
    for name in ("cell_", "")
    for at in ("hour", "day")
}


def differences(start: datetime, end: datetime, *, sketches: bool = True) -> list[str]:
    """Compare raw rows, hours and days of the UTC days in [start, end), key by key, every sum.

    Minutes are compared with raw rows byte by byte, `sketches` by how many calls are in them.
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
        if "raw rows" in sides:
            found += _other_minutes(day)
        if sketches:
            found += _other_sketches(day)
        day += timedelta(days=1)
    return found


def compare(start: datetime, end: datetime) -> tuple[list[str], list[date]]:
    """Return the differences, and the days left out because their rollups are under way.

    All is read from one snapshot, so that rows that come meanwhile are no difference.
    """
    inside = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if not inside:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        hours = DirtyHour.objects.filter(hour__gte=start, hour__lt=end)
        queued = set(hours.values_list("hour", "summed").distinct())
        waiting = {at.date() for at, summed in queued if not summed}
        unsketched = {at.date() for at, _ in queued}
        days = DirtyDay.objects.filter(day__gte=start.date(), day__lt=end.date())
        waiting |= set(days.values_list("day", flat=True))
        found, day = [], start
        while day < end:
            if day.date() not in waiting:
                settled = day.date() not in unsketched
                found += differences(day, day + timedelta(days=1), sketches=settled)
            day += timedelta(days=1)
    return found, sorted(waiting)


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


def _other_minutes(day: datetime) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_MINUTES, {"lo": day, "hi": day + timedelta(days=1)})
        wrong, every = cursor.fetchone()
    cells = f"{wrong} of {every} hours of deployments"
    return [f"{day:%Y-%m-%d}: minutes of {cells} are not those of raw rows"] if wrong else []


def _other_sketches(day: datetime) -> list[str]:
    found = []
    ends = [day, day + timedelta(days=1)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(latency_known), 0), coalesce(sum(ttft_known), 0) "
            "FROM usage_day WHERE day >= %s AND day < %s",
            ends,
        )
        known = cursor.fetchone()
        for table, sql in _SKETCHED.items():
            cursor.execute(sql, ends)
            if (told := cursor.fetchone()) != known:
                found.append(
                    f"{day:%Y-%m-%d}: {table} has {told[0]} of {known[0]} answers "
                    f"and {told[1]} of {known[1]} first tokens"
                )
    return found


def span() -> tuple[datetime, datetime] | None:
    """Return the UTC days, [first, last), that have or had a raw partition; None before any."""
    known = RawDay.objects.order_by("day").values_list("day", flat=True)
    first, last = known.first(), known.last()
    if first is None or last is None:
        return None
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return start, datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
