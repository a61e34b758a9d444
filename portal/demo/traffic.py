"""Draw calls: so many, over so many hours, by the shapes of those who make them.

Everything follows from the seed and the hours; nothing here touches a row. Hours and days are
numbered since 1970 (UTC).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import PCG64, Generator

from apps.usage.protocols import Column, Events
from portal.demo import calls
from portal.demo.shapes import SPEEDS, WEEK, Shape, Speed

HOUR_US = 3_600_000_000
AS_OF_DAY = 20_727  # 2026-10-01: the day whose calls workloads.csv tells
QUARTER = 90
MONDAY = 3  # the first of all days was a Thursday


@dataclass(frozen=True)
class Line:
    """One shape of a workload on a deployment, in one grant slice [from_us, to_us).

    `a_day` calls a day; `k_tpm` is None where the capacity is no rate of tokens; `spills` says
    that a provisioned deployment has another one to spill to.
    """

    workload_id: int
    deployment_id: int
    shape: Shape
    model: str
    a_day: float
    built_us: int
    from_us: int
    to_us: int
    k_tpm: int | None = None
    source: str = "gateway"
    spills: bool = False

    @property
    def measured(self) -> bool:
        """Say whether its source knows more than tokens."""
        return self.source == "gateway"

    @property
    def speed(self) -> Speed:
        """How its model answers."""
        return SPEEDS[self.model]


def weights(lines: Sequence[Line], hours: Column) -> Column:
    """Return how many calls to expect of each line (row) in each hour (column)."""
    days, weekdays = hours // 24, (hours // 24 + MONDAY) % 7
    found = np.zeros((len(lines), len(hours)))
    for row, line in enumerate(lines):
        shape = line.shape
        curve = shape.curve / shape.curve.sum()
        week = np.array([*WEEK, shape.weekend, shape.weekend * 0.9])
        grown = shape.growth ** ((days - AS_OF_DAY) / QUARTER)
        usual = line.a_day * curve[hours % 24] * (week * 7 / week.sum())[weekdays] * grown
        granted = (hours * HOUR_US >= line.from_us) & ((hours + 1) * HOUR_US <= line.to_us)
        found[row] = usual * granted
    return found


def draw(lines: Sequence[Line], *, start: int, end: int, records: int, seed: int) -> Events:
    """Draw exactly `records` calls in the hours [start, end), in order of time."""
    rng = Generator(PCG64([seed, start, end]))
    hours = np.arange(start, end)
    expected = weights(lines, hours)
    moods = rng.lognormal(0, 0.12, (len(lines), hours[-1] // 24 - start // 24 + 1))
    expected *= moods[:, hours // 24 - start // 24]  # no two days are alike
    counts = rng.multinomial(records, (expected / expected.sum()).ravel())
    line, hour = np.divmod(np.repeat(np.arange(counts.size), counts), len(hours))
    ts_us = hours[hour] * HOUR_US + _within_hour(rng, lines, line)
    order = np.lexsort((line, ts_us))
    return calls.make(rng, lines, line[order], ts_us[order])


def _within_hour(rng: Generator, lines: Sequence[Line], line: Column) -> Column:
    within = rng.integers(0, HOUR_US, len(line))
    peaks = np.array([one.shape.peak_minute or 0 for one in lines])[line]
    crowd = np.flatnonzero(peaks)
    minutes = rng.normal(peaks[crowd], 6.5)
    within[crowd] = np.clip(minutes / 60, 0, 0.9999) * HOUR_US
    return within
