"""What is known of latency under the filters of an address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from apps.dashboards.panels.asked import Asked
from apps.dashboards.panels.steps import moments
from apps.usage import selectors as usage
from apps.usage.states import Dimension, Metric

SIDE_BY_SIDE = 10  # deployments


@dataclass(frozen=True)
class Latency:
    """What is known of latency under the filters of an address; each part is asked for once."""

    asked: Asked

    @cached_property
    def cube(self) -> usage.Cube:
        """Return everything in reach of the viewer, for totals and filters."""
        return usage.cube_of(self.asked.viewer, self.asked.period, self.asked.where)

    @cached_property
    def answer(self) -> usage.Answer:
        """Return what the filters leave, by deployment, the most called first."""
        return self.cube.answer(Dimension.DEPLOYMENT, top=SIDE_BY_SIDE, order="requests")

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
    def groups(self) -> list[tuple[usage.Group, dict[Metric, usage.Percentiles]]]:
        """Return each deployment with its percentiles."""
        return list(zip(self.answer.groups, usage.waits_of_groups(self.answer), strict=True))

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
