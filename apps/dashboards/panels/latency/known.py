"""What is known of latency under the filters of an address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

from apps.dashboards.panels.asked import Asked
from apps.dashboards.panels.steps import moments
from apps.dashboards.panels.usage import read_by
from apps.usage import selectors as usage
from apps.usage.states import Dimension, Metric

SIDE_BY_SIDE = 10


@dataclass(frozen=True)
class Latency:
    """What is known of latency under the filters of an address; each part is asked for once."""

    asked: Asked

    @cached_property
    def cube(self) -> usage.Cube:
        """Return everything in reach of the viewer, for totals and filters."""
        return usage.cube_of(self.asked.viewer, self.asked.period, self.asked.where)

    @cached_property
    def by(self) -> Dimension:
        """Return what the table is by; raises InvalidError for what there is not."""
        return read_by(self.asked.query.get("by"))

    @cached_property
    def answer(self) -> usage.Answer:
        """Return what the filters leave, the most called group first; a file has all of them."""
        query = self.asked.query
        every = query.get("rows") == "all" or query.get("format") == "csv"
        found = self.cube.answer(self.by, top=None if every else SIDE_BY_SIDE, order="requests")
        return replace(found, groups=[self._of_both_periods(group) for group in found.groups])

    def _of_both_periods(self, group: usage.Group) -> usage.Group:
        """Add the versions of a model that only the period before had."""
        if group.name is None:
            return group
        named = self.cube.named[self.by].items()
        return replace(group, ids=frozenset(pk for pk, one in named if one.key == group.name.key))

    @cached_property
    def waits(self) -> dict[Metric, usage.Waits]:
        """Return the percentiles of each metric."""
        return usage.waits(self.answer)

    @cached_property
    def hours(self) -> list[list[float | None]]:
        """Return the p95 in ms by weekday, Monday first, and hour."""
        found = usage.percentiles_by_weekday_hour(self.answer)
        nothing = usage.Percentiles()
        return [[found.get((day, hour), nothing).p95 for hour in range(24)] for day in range(7)]

    @cached_property
    def groups(self) -> list[tuple[usage.Group, Mapping[Metric, usage.Waits]]]:
        """Return each group with its percentiles, and those of the period before."""
        return list(zip(self.answer.groups, usage.groups_and_before(self.answer), strict=True))

    @cached_property
    def speed(self) -> list[tuple[datetime, float | None]]:
        """Return the output tokens per second after the first token, by step."""
        whole = usage.over_time(self.cube.answer())
        return [
            (at, sums.tokens_per_s) for at, sums in zip(whole.steps, whole.lines[0][1], strict=True)
        ]

    def moments(self, steps: Sequence[tuple[datetime, object]]) -> list[date]:
        """Return the times of steps as an axis takes them."""
        return moments([at for at, _ in steps], self.asked.period.grain)

    def csv_url(self, name: str) -> str:
        """Return the address of one figure's numbers."""
        return self.asked.address(format="csv", figure=name)
