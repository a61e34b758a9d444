"""Answers as plain values: what the API, the command and files say of a group, under one name."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from apps.kernel.money import decimal
from apps.usage.protocols import OPTIONAL_COUNTS
from apps.usage.selectors.questions import Answer, Group, over_time
from apps.usage.selectors.scope import NAMED_BY
from apps.usage.selectors.sums import Sums
from apps.usage.states import Grain

Plain = dict[str, Any]
STEP = {Grain.HOUR: "%Y-%m-%dT%H:00:00Z", Grain.DAY: "%Y-%m-%d", Grain.MONTH: "%Y-%m"}


def of_sums(sums: Sums) -> Plain:
    """Return counts, tokens by class and the list cost, a decimal string; None is "not known"."""
    cost = sums.cost_nano
    return {
        "requests": sums.requests,
        "errors": sums.errors,
        "throttled": sums.throttled,
        "unpriced": sums.unpriced,
        "input_tokens": sums.input_tokens,
        "output_tokens": sums.output_tokens,
        **{name: sums.told(name) for name in OPTIONAL_COUNTS},
        "list_cost": None if cost is None else f"{decimal(cost):f}",
    }


def of_group(answer: Answer, group: Group) -> Plain:
    """Name a group: `{"team": "claims"}`, with an id where only that is unique; others: None."""
    by = answer.question.by
    if by is None:
        return {}
    if group.name is None:
        return {by.value: None, "others": group.count}
    if NAMED_BY[by][1] == "pk":
        return {by.value: group.name.label, f"{by.value}_id": int(group.name.key)}
    return {by.value: group.name.key}


def rows(answer: Answer) -> list[Plain]:
    """Return a row per group, in the answer's order."""
    return [of_group(answer, group) | of_sums(group.sums) for group in answer.groups]


def steps(answer: Answer) -> Iterator[Plain]:
    """Return a row per group and step that has calls, named like the step's grain."""
    grain = answer.question.period.grain
    series = over_time(answer)
    for group, line in series.lines:
        named = of_group(answer, group)
        for at, sums in zip(series.steps, line, strict=True):
            if sums.requests:
                yield {**named, grain.value: step(at, grain)} | of_sums(sums)


def step(at: datetime, grain: Grain) -> str:
    """Name a step by its beginning in UTC: `2026-11-16T18:00:00Z`, `2026-11-16`, `2026-11`."""
    return at.strftime(STEP[grain])


def moment(at: datetime) -> str:
    """Write a moment in UTC: `2026-11-16T18:43:07Z`."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
