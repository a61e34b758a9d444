"""Numbers, money and times as every page and sentence of the portal writes them.

Thousands are parted and units joined by a no-break space (the narrow one closes up at 13 px);
times are UTC.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from django.utils import timezone

from apps.kernel.money import CURRENCY
from apps.kernel.money import decimal as in_currency

UNKNOWN = "–"
NBSP = "\u00a0"
SIZES = (("K", 10**3), ("M", 10**6), ("B", 10**9))
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def number(value: int | float | Decimal, decimals: int = 0) -> str:
    """Write a number with parted thousands, rounded half to even: `22 361 870`, `1 278.78`."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
    text = f"{abs(rounded):,f}".replace(",", NBSP)
    return f"−{text}" if rounded < 0 else text


def short_count(value: int | float | Decimal) -> str:
    """Shorten a large count to at most four digits: `4 200`, `141.9 K`, `512.4 M`, `2.6 B`."""
    exact = Decimal(str(value))
    if abs(exact) < Decimal("9999.5"):
        return number(exact)
    fits = ((unit, size) for unit, size in SIZES if abs(exact) < Decimal("999.95") * size)
    unit, size = next(fits, SIZES[-1])
    return f"{number(exact / size, 1).removesuffix('.0')}{NBSP}{unit}"


def quantity(value: int | float | Decimal, unit: str) -> str:
    """Write an amount with its unit: `500 K TPM`, `15 PTU`."""
    text = number(value) if value == int(value) else number(value, 1)
    return f"{text}{NBSP}{unit.replace(' ', NBSP)}"


def amount(nano: int, decimals: int = 2) -> str:
    """Write nano units of the reporting currency without its name: `68.84`."""
    return number(in_currency(nano), decimals)


def money(nano: int, decimals: int = 2) -> str:
    """Write nano units of the reporting currency: `68.84 USD`."""
    return f"{amount(nano, decimals)}{NBSP}{CURRENCY}"


def money_exact(nano: int) -> str:
    """Write nano units to the last digit: `68.838987500 USD`."""
    return money(nano, 9)


def unit_price(nano: int) -> str:
    """Write a price with all its digits, at least cents, and no currency: `0.125`, `10.00`."""
    whole, _, digits = amount(nano, 9).partition(".")
    return f"{whole}.{digits.rstrip('0').ljust(2, '0')}"


def percent(share: float | Decimal) -> str:
    """Write a share of one with two significant digits or more: `64 %`, `9.1 %`, `0.80 %`."""
    value = Decimal(str(share)) * 100
    decimals = 0 if value == 0 or abs(value) >= Decimal("9.95") else 1
    if value and abs(value) < Decimal("0.995"):
        decimals = 2
    return f"{number(value, decimals)}{NBSP}%"


def cost_change(now: int | None, then: int | None) -> str:
    """Say what another choice costs beside this one: `+45.40 USD a month, +10 %`; from nano."""
    if then is None:
        return "no price known"
    if now is None:
        return f"{money(then)} a month"
    if now == then:
        return "same price"
    sign, by = "+" if then > now else "−", abs(then - now)
    share = f", {sign}{percent(Decimal(by) / now)}" if now else ""
    return f"{sign}{money(by)} a month{share}"


def plural(count: int, one: str, many: str = "") -> str:
    """Write a count with its noun: `1 request`, `2 requests`, `2 replies`."""
    return f"{number(count)}{NBSP}{one if count == 1 else many or f'{one}s'}"


def duration(value: timedelta | int | float | Decimal) -> str:
    """Write a span, or its seconds, in a fitting unit: `2.9 s`, `48 s`, `4 minutes`, `3.4 h`."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 9.95:
        return f"{number(seconds, 1)}{NBSP}s"
    if seconds < 89.5:
        return f"{number(seconds)}{NBSP}s"
    if seconds < 3_570:
        return plural(round(seconds / 60), "minute")
    if seconds < 48 * 3_600:
        return f"{number(seconds / 3_600, 1).removesuffix('.0')}{NBSP}h"
    return plural(round(seconds / 86_400), "day")


def seconds(ms: int | float | Decimal) -> str:
    """Write a latency of ms: `4 ms`, `0.98 s`, `2.9 s`, `8 s`, `48 s`."""
    if 0 < ms < 9.5:
        return f"{number(ms)}{NBSP}ms"
    return f"{seconds_amount(ms).removesuffix('.0')}{NBSP}s"


def seconds_amount(ms: int | float | Decimal) -> str:
    """Write a latency of ms in seconds without the unit: `0.98`, `2.9`, `48`."""
    places = 2 if ms < 995 else 1 if ms < 9_950 else 0
    return number(Decimal(str(ms)) / 1000, places)


class Trend(NamedTuple):
    """A change: its way ("up", "down" or ""), how much, on what, and a tone if it is certain."""

    way: str
    text: str
    against: str = ""
    tone: str = ""

    def __str__(self) -> str:
        """Write it as a sentence does: `▲ 9.1 % on the week before`."""
        arrow = {"up": "▲ ", "down": "▼ "}.get(self.way, "")
        return f"{arrow}{self.text} {self.against}".strip()


def trend(
    now: int | float | None,
    before: int | float | None,
    against: str = "",
    *,
    by: str = "share",
    better: str = "",
) -> Trend:
    """Compare with the period before: `▲ 9.1 % on the week before`.

    `by` is "share" (of what was before), "points" (both are shares of one) or "ms". Only where
    `better` says which way is certainly good, "up" or "down", has the change a tone. What is
    written as zero is unchanged.
    """
    if now is None or before is None or (by == "share" and not before):
        return Trend("", UNKNOWN, against)
    change = Decimal(str(now)) - Decimal(str(before))
    size = abs(change / Decimal(str(before))) if by == "share" else abs(change)
    if by == "points":
        text = f"{number(size * 100, 1)}{NBSP}points"
    else:
        text = percent(size) if by == "share" else seconds(size)
    if not set(text) & set("123456789"):
        return Trend("", "unchanged", against)
    way = "up" if change > 0 else "down"
    return Trend(way, text, against, better and ("good" if way == better else "bad"))


def day(value: date, *, today: date | None = None) -> str:
    """Write a UTC day, with its year unless that is the present one: `16 Nov`, `12 Dec 2025`."""
    today = today or timezone.now().date()
    year = "" if value.year == today.year else f"{NBSP}{value.year}"
    return f"{value.day}{NBSP}{MONTHS[value.month - 1]}{year}"


def moment(value: datetime, *, now: datetime | None = None) -> str:
    """Write a time stamp as near as it is: `today 12:30`, `Fri 15:41`, `16 Nov 18:43`."""
    value, now = value.astimezone(UTC), (now or timezone.now()).astimezone(UTC)
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    days = (value.date() - now.date()).days
    if days in near:
        name = near[days]
    elif abs(days) < 7:
        name = DAYS[value.weekday()]
    else:
        name = day(value.date(), today=now.date())
    return f"{name}{NBSP}{value:%H:%M}"


def moment_exact(value: datetime) -> str:
    """Write a time stamp to the second, with its zone: `20 Nov 2026 15:41:07 UTC`."""
    value = value.astimezone(UTC)
    return f"{value.day} {MONTHS[value.month - 1]} {value.year} {value:%H:%M:%S} UTC"


def as_of(value: datetime, *, now: datetime | None = None) -> str:
    """Say when a number was true: `as of 10:32 UTC`, `as of 16 Nov 18:43 UTC`."""
    return f"as of {moment(value, now=now).removeprefix(f'today{NBSP}')} UTC"
