"""The span of time that a question is about, as an address names it; UTC throughout."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from apps.kernel import formats
from apps.kernel.errors import InvalidError
from apps.usage.states import Grain

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PERIODS = {"24h": "24 h", "7d": "7 days", "30d": "30 days", "month": "Month"}
DEFAULT = "30d"
LONGEST = timedelta(days=800)
BY_HOUR_UP_TO, BY_DAY_UP_TO = timedelta(days=2), timedelta(days=92)  # unless asked otherwise
BY_HOUR_AT_MOST = timedelta(days=31)


@dataclass(frozen=True)
class Period:
    """[start, end), in steps of `grain`; `name` is a key of PERIODS or `custom`."""

    start: datetime
    end: datetime
    grain: Grain
    name: str = "custom"

    @property
    def whole_days(self) -> bool:
        """Say whether it begins and ends at midnight, so that daily rollups answer it."""
        return self.start == _midnight(self.start) and self.end == _midnight(self.end)

    @property
    def label(self) -> str:
        """Name it: `26 Oct – 24 Nov`, `24 Nov 13:00 – 25 Nov 13:00 UTC`."""
        if not self.whole_days:
            ends = (f"{formats.day(at.date())} {at:%H:%M}" for at in (self.start, self.end))
            return f"{' – '.join(ends)} UTC"
        first, last = self.start.date(), (self.end - DAY).date()
        return (
            formats.day(first) if first == last else f"{formats.day(first)} – {formats.day(last)}"
        )

    @property
    def grains(self) -> list[Grain]:
        """List the steps of which it has some, and not too many."""
        length = self.end - self.start
        fits = {
            Grain.HOUR: length <= BY_HOUR_AT_MOST,
            Grain.DAY: length > DAY,
            Grain.MONTH: length > BY_HOUR_AT_MOST,
        }
        return [grain for grain, fitting in fits.items() if fitting]

    def before(self, now: datetime) -> "Period":
        """Return the period before, cut as long as the part of this one that has passed."""
        passed = min(self.end, _next_hour(now)) - self.start
        if self.name == "month":
            start = _midnight(self.start - DAY).replace(day=1)
            return Period(start, min(start + passed, self.start), self.grain)
        start = self.start - (self.end - self.start)
        return Period(start, min(start + passed, self.start), self.grain)

    def steps(self, now: datetime) -> list[datetime]:
        """List the beginnings of its steps up to now; the first may be before the period's start.

        A month of which the period has only the last days is called what rows call it.
        """
        found, at = [], _begin(self.start, self.grain)
        while at < min(self.end, now):
            found.append(at)
            at = _after(at, self.grain)
        return found


def read_period(query: Mapping[str, str], now: datetime) -> Period:
    """Read the period of an address.

    `period` is 24h, 7d, 30d, month (with `month`=2026-11) or custom (`from` and `to`, both
    inclusive days); `grain` is hour, day or month. Raises InvalidError, which says what would pass.
    """
    name = query.get("period") or ("custom" if query.get("from") else DEFAULT)
    start, end = _span(name, query, now)
    wanted = query.get("grain") or _fitting(end - start)
    if wanted not in (Grain.HOUR, Grain.DAY, Grain.MONTH):
        raise _unreadable("grain", wanted, "hour, day or month")
    if wanted == Grain.HOUR and end - start > BY_HOUR_AT_MOST:
        raise InvalidError(
            f"Hours can be shown for {BY_HOUR_AT_MOST.days} days at most. "
            "Choose a shorter period, or days.",
            {"grain": f"{BY_HOUR_AT_MOST.days} days at most by hour."},
        )
    return Period(start, end, Grain(wanted), name)


def _span(name: str, query: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    tomorrow = _midnight(now) + DAY
    if name == "24h":
        return _next_hour(now) - DAY, _next_hour(now)
    if name in ("7d", "30d"):
        return tomorrow - timedelta(days=int(name[:-1])), tomorrow
    if name == "month":
        first = _day(f"{query.get('month') or now.strftime('%Y-%m')}-01", "month", "2026-11")
        return first, _after(first, Grain.MONTH)
    if name != "custom":
        raise _unreadable("period", name, "24h, 7d, 30d, month or custom")
    start = _day(query.get("from", ""), "from", "2026-11-01")
    end = _day(query.get("to") or query.get("from", ""), "to", "2026-11-30") + DAY
    if end <= start:
        raise InvalidError("The period ends before it begins.", {"to": "A day on or after “from”."})
    if end - start > LONGEST:
        raise InvalidError(
            f"A period has {LONGEST.days} days at most. Choose a later beginning.",
            {"from": f"{LONGEST.days} days at most."},
        )
    return start, end


def _day(text: str, field: str, example: str) -> datetime:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise _unreadable(field, text, f"a day such as {example}") from None
    if not 2000 <= found.year <= 2100:
        raise _unreadable(field, text, "a year from 2000 to 2100")
    return datetime(found.year, found.month, found.day, tzinfo=UTC)


def _unreadable(field: str, value: str, passes: str) -> InvalidError:
    return InvalidError(
        f"“{value[:40]}” cannot be read as {field}; {passes} would pass.", {field: passes}
    )


def _fitting(length: timedelta) -> Grain:
    if length <= BY_HOUR_UP_TO:
        return Grain.HOUR
    return Grain.DAY if length <= BY_DAY_UP_TO else Grain.MONTH


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _next_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0) + HOUR


def _begin(at: datetime, grain: Grain) -> datetime:
    if grain == Grain.MONTH:
        return _midnight(at).replace(day=1)
    return at if grain == Grain.HOUR else _midnight(at)


def _after(at: datetime, grain: Grain) -> datetime:
    if grain == Grain.MONTH:
        return (_midnight(at).replace(day=1) + timedelta(days=32)).replace(day=1)
    return at + (HOUR if grain == Grain.HOUR else DAY)
