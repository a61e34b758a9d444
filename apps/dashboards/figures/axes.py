"""Which ticks stand on the axes, and how they are written."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime

from apps.dashboards.figures.words import Moment
from apps.kernel import formats

TIMES, VALUES = 7, 5  # at most so many names, and so many steps above zero
MINUTE, HOUR, DAY = 60, 3_600, 86_400
PERIODS = (
    *(MINUTE * number for number in (1, 5, 10, 15, 30)),
    *(HOUR * number for number in (1, 2, 3, 6, 12)),
    *(DAY * number for number in (1, 2, 5, 7, 14, 28, 56, 112)),
)
MONDAY = date(1970, 1, 5)  # weeks are counted from one


def prefix(top: float) -> tuple[str, int]:
    """Choose the thousands in which a value axis counts: ("M", 1_000_000)."""
    fits = [(name, size) for name, size in formats.SIZES if top >= size]
    return fits[-1] if top >= 10_000 else ("", 1)


def spoken(*parts: str) -> str:
    """Join what is said: thousands, unit and caption."""
    return " ".join(filter(None, parts))


def round_up(value: float) -> float:
    """Return the next round number, for the end of a scale that range bars share."""
    power = 10.0 ** math.floor(math.log10(value or 1))
    return next(power * nice for nice in (1, 2, 3, 4, 5, 6, 8, 10) if power * nice >= value)


def steps(top: float, *, whole: bool) -> tuple[list[float], list[str]]:
    """Choose zero and at most five round values up to `top`; write them in their thousands."""
    rough = top / VALUES
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * nice for nice in (1, 2, 5, 10) if power * nice > 0.999 * rough)
    if whole:
        step = max(1.0, math.ceil(step))
    ticks = [step * number for number in range(int(top / step + 0.001) + 1)]
    size = prefix(top)[1]
    places = next(n for n in range(12) if math.isclose(step / size, round(step / size, n)))
    return ticks, [formats.number(tick / size, places) for tick in ticks]


def position(at: Moment) -> str | int:
    """Place a time on plotly's axis."""
    if isinstance(at, datetime):
        return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"
    return at if isinstance(at, int) else at.isoformat()


def grain(times: Sequence[Moment]) -> str:
    """Name what one step of the axis is: Hour (of a day), Time, Month or Day."""
    if times and isinstance(times[0], int):
        return "Hour"
    if times and isinstance(times[0], datetime):
        return "Time"
    firsts = [at for at in times if isinstance(at, date) and at.day == 1]
    return "Month" if len(firsts) == len(times) > 1 else "Day"


def name(at: Moment, grain: str) -> str:
    """Name a time where it stands alone."""
    if isinstance(at, int):
        return f"{at:02d}:00"
    if isinstance(at, datetime):
        utc = at.astimezone(UTC)
        return f"{formats.day(utc.date())} {utc:%H:%M}"
    if grain == "Month":
        return f"{formats.MONTHS[at.month - 1]} {at.year}"
    return formats.day(at)


def labels(times: Sequence[Moment]) -> tuple[list[str | int], list[str]]:
    """Choose at most seven round times to name on the axis; midnight is named by its day."""
    if grain(times) in ("Hour", "Month"):
        every = 6 if grain(times) == "Hour" else math.ceil(len(times) / TIMES)
        chosen = list(times[::every])
    else:
        ages = [(_seconds(at), at) for at in times]
        fits = ([at for age, at in ages if age % period == 0] for period in PERIODS)
        chosen = next((some for some in fits if len(some) <= TIMES), []) or list(times[:1])
    return [position(at) for at in chosen], [_label(at, grain(times)) for at in chosen]


def _seconds(at: Moment) -> int:
    """Count from a Monday."""
    if isinstance(at, datetime):
        return int(at.timestamp()) - 4 * DAY
    return at if isinstance(at, int) else (at - MONDAY).days * DAY


def _label(at: Moment, grain: str) -> str:
    """Write a tick."""
    if isinstance(at, int):
        return f"{at:02d}"
    if isinstance(at, datetime):
        utc = at.astimezone(UTC)
        midnight = (utc.hour, utc.minute) == (0, 0)
        return formats.day(utc.date()) if midnight else f"{utc:%H:%M}"
    return name(at, grain)
