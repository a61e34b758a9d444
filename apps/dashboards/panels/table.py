"""The table of a dashboard: a row per group, the others, the total; each row leads further down."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from apps.dashboards.panels.asked import Asked, Context
from apps.kernel import formats
from apps.kernel.formats import Trend
from apps.provisioning import selectors as provisioning
from apps.teams import selectors as teams
from apps.teams.roles import Action
from apps.usage import selectors as usage
from apps.usage.selectors import plain
from apps.usage.states import Dimension

TOP = 20
BEFORE = ("requests", "input_tokens", "output_tokens", "list_cost")
FURTHER = {Dimension.BU: Dimension.TEAM, Dimension.TEAM: Dimension.WORKLOAD}


@dataclass(frozen=True)
class Row:
    """A group: what it is called, where it leads, its sums and those before, share and change."""

    label: str
    detail: str
    url: str
    sums: usage.Sums
    before: usage.Sums
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
    deployments = by == Dimension.DEPLOYMENT
    pages = pages_of(asked, answer.groups) if deployments else {}
    rows = []
    for group in answer.groups:
        earlier = cube.before(by, group)
        part, before = getattr(group.sums, order), getattr(earlier, order)
        rows.append(
            Row(
                label=group.label,
                detail=group.name.detail if group.name else "",
                url=_further(asked, by, group, pages),
                sums=group.sums,
                before=earlier,
                share=None if part is None or not whole else part / whole,
                change=formats.trend(part, before or None),
                others=group.name is None,
            )
        )
    return rows


def groupings(asked: Asked, by: Dimension) -> list[Context]:
    """Offer each dimension that a table may be by."""
    return [
        {"label": one.label, "url": asked.address(by=one.value), "current": one == by}
        for one in Dimension
    ]


def table_file(
    name: str, cube: usage.Cube, answer: usage.Answer, by: Dimension, *, change: str
) -> File:
    """Make the file of a table: each group, the period before, the change as a share of it.

    `change` names the column of the change, which is of what the answer is ordered by.
    """
    order, rows = answer.question.order, []
    for row, group in zip(plain.rows(answer), answer.groups, strict=True):
        earlier = cube.before(by, group)
        then = plain.of_sums(earlier)
        now, before = getattr(group.sums, order), getattr(earlier, order)
        compared = {f"{column}_before": then[column] for column in BEFORE}
        compared[change] = round(now / before - 1, 4) if before and now is not None else None
        rows.append(row | compared)
    return file_of(name, rows)


def file_of(name: str, rows: Sequence[plain.Plain]) -> File:
    """Make a file of plain rows; a column that one of them lacks is empty there."""
    header = list(dict.fromkeys(key for row in rows for key in row))
    return File(name, header, [[row.get(key) for key in header] for row in rows])


def pages_of(asked: Asked, deployments: Iterable[usage.Group]) -> dict[str, str]:
    """Return where each deployment leads: to its page, or to its calls.

    Who only shares a deployment sees its calls and not its page.
    """
    keys = [group.name.key for group in deployments if group.name]
    visible = set(keys)
    if not teams.reach(asked.viewer, Action.RESOURCE_READ).everywhere:
        found = provisioning.resources_visible(asked.viewer).filter(pk__in=keys)
        visible = {str(pk) for pk in found.values_list("pk", flat=True)}
    return {
        key: reverse("resource", args=[key]) if key in visible else asked.rows(deployment=key)
        for key in keys
    }


def _further(asked: Asked, by: Dimension, group: usage.Group, pages: Mapping[str, str]) -> str:
    if group.name is None:
        return ""
    if by == Dimension.DEPLOYMENT:
        return pages[group.name.key]
    following = FURTHER.get(by, Dimension.DEPLOYMENT)
    return asked.address(**{by.value: group.name.key, "by": following.value})
