"""The table of a dashboard: a row per group, the others, the total; each row leads further down."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from apps.dashboards.panels.asked import Asked
from apps.kernel import formats
from apps.kernel.formats import Trend
from apps.usage import selectors as usage
from apps.usage.selectors import plain
from apps.usage.states import Dimension

TOP = 20


@dataclass(frozen=True)
class Row:
    """A group: what it is called, where it leads, its sums, its share of the total, its change."""

    label: str
    detail: str
    url: str
    sums: usage.Sums
    share: float | None
    change: Trend
    others: bool = False

    @property
    def share_text(self) -> str:
        """Write the share; what is not known is no share."""
        return formats.UNKNOWN if self.share is None else formats.percent(self.share)


@dataclass(frozen=True)
class File:
    """A CSV file: its name, its column names, its rows."""

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[Any]]


def rows_of(asked: Asked, cube: usage.Cube, answer: usage.Answer) -> list[Row]:
    """Lay out the groups of an answer, with shares and changes of what it is ordered by."""
    order, by = answer.question.order, answer.question.by
    if by is None:
        return []
    whole = getattr(answer.total, order)
    rows = []
    for group in answer.groups:
        part, before = getattr(group.sums, order), getattr(cube.before(by, group), order)
        rows.append(
            Row(
                label=group.label,
                detail=group.name.detail if group.name else "",
                url=_further(asked, by, group),
                sums=group.sums,
                share=None if part is None or not whole else part / whole,
                change=formats.trend(part, before or None),
                others=group.name is None,
            )
        )
    return rows


def file_of(name: str, rows: Sequence[plain.Plain]) -> File:
    """Make a file of plain rows; a column that one of them lacks is empty there."""
    header = list(dict.fromkeys(key for row in rows for key in row))
    return File(name, header, [[row.get(key) for key in header] for row in rows])


def _further(asked: Asked, by: Dimension, group: usage.Group) -> str:
    if group.name is None:
        return ""
    if by == Dimension.DEPLOYMENT:
        return reverse("resource", args=[group.name.key])
    return asked.address(**{by.value: group.name.key})
