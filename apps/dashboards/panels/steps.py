"""Steps of time as figures show them."""

from collections.abc import Sequence
from datetime import date, datetime

from django.utils import timezone

from apps.usage import selectors as usage
from apps.usage.states import Grain


def moments(steps: Sequence[datetime], grain: Grain) -> list[date]:
    """Turn beginnings of steps into what an axis shows: times by the hour, else days."""
    return [at if grain == Grain.HOUR else at.date() for at in steps]


def whole(values: Sequence[float | None], period: usage.Period) -> list[float | None]:
    """Leave out the last step while it goes on: as a line it would look like a fall."""
    going = period.end > timezone.now() and len(values) > 2
    return list(values[:-1] if going else values)
