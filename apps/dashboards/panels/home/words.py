"""Figures of a home page as text: value and unit, names of months."""

from typing import Any

from apps.kernel import formats
from apps.kernel.money import CURRENCY
from apps.usage.selectors import Period

UNITS = {unit for unit, _ in formats.SIZES}


def kpi(label: str, value: str, unit: str = "", **more: Any) -> dict[str, Any]:
    """Lay out one figure of the strip; `more` is foot, spark or trend."""
    return {"label": label, "value": value, "unit": unit, **more}


def short(count: int) -> tuple[str, str]:
    """Part a shortened count: `871.3`, `M`; `4 200` has no unit."""
    text = formats.short_count(count)
    head, _, unit = text.rpartition(formats.NBSP)
    return (head, unit) if unit in UNITS else (text, "")


def shared(share: float | None) -> tuple[str, str]:
    """Part a share: `0.80`, `%`."""
    return (formats.UNKNOWN, "") if share is None else parted(formats.percent(share))


def parted(text: str) -> tuple[str, str]:
    """Part a number below a thousand from its unit."""
    head, _, unit = text.partition(formats.NBSP)
    return head, unit


def money(nano: int | None) -> tuple[str, str]:
    """Part an amount: `2 245.23`, `USD`."""
    return (formats.UNKNOWN, "") if nano is None else (formats.amount(nano), CURRENCY)


def month(period: Period) -> str:
    """Name the month that a period begins in: `November`."""
    return f"{period.start:%B}"


def against(before: Period) -> str:
    """Name what a month so far is compared with: `on the same days of October`."""
    return f"on the same days of {month(before)}"
