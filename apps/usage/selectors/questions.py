"""Answer who used how much: totals by a dimension, steps of time, and the period before.

Only rollups are read; parts always sum to the total, because what is not among the first is in
"others".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from apps.teams.models import Person
from apps.usage.models import DirtyDay, DirtyHour, FillState
from apps.usage.selectors.period import Period
from apps.usage.selectors.scope import COLUMNS, Named, Scope, names, scope_for, scope_of_everything
from apps.usage.selectors.sums import NAMES, Sums, added
from apps.usage.states import Dimension, Grain

TOP = 8
_SUMS = ", ".join(f"sum({name})::bigint" for name in NAMES)


@dataclass(frozen=True)
class Question:
    """What is asked: `where` filters by names as in addresses, `order` is a property of Sums."""

    period: Period
    by: Dimension | None = None
    where: Mapping[Dimension, Sequence[str]] = field(default_factory=dict)
    top: int | None = TOP
    order: str = "tokens"


@dataclass(frozen=True)
class Group:
    """One value of the dimension with its sums; `name` is None for "others"."""

    name: Named | None
    sums: Sums
    ids: frozenset[int] = frozenset()
    count: int = 1

    @property
    def label(self) -> str:
        """Return what the page calls it."""
        if self.name:
            return self.name.label
        return f"{self.count} other{'s' if self.count != 1 else ''}"


class AsOf(NamedTuple):
    """Until when numbers are complete: when the oldest row came that waits for them, or now.

    Latency is later than sums, whose rollups come first; a page of both is as old as the older.
    """

    sums: datetime
    latency: datetime


@dataclass(frozen=True)
class Answer:
    """Groups, first the largest, "others" last; `before` is the total of the period before."""

    question: Question
    groups: Sequence[Group]
    total: Sums
    before: Sums
    complete: AsOf
    scope: Scope

    @property
    def as_of(self) -> datetime:
        """Say until when the sums are complete."""
        return self.complete.sums


def ask(viewer: Person, question: Question) -> Answer:
    """Answer for what the viewer may see."""
    return _answer(scope_for(viewer, question.where), question)


def ask_everything(question: Question) -> Answer:
    """Answer for the whole platform: for commands, which have no viewer."""
    return _answer(scope_of_everything(question.where), question)


def _answer(scope: Scope, question: Question) -> Answer:
    now = timezone.now()
    period = question.period
    complete = read_as_of()  # first: an hour rolled in between may be shown, never claimed
    found = _by_group(scope, period, question.by)
    before = added(_by_group(scope, period.before(now), None).values())
    by = question.by
    groups = groups_of(question, found, names(by, _leaders(question, found))) if by else []
    total = added(group.sums for group in groups) if by else added(found.values())
    return Answer(question, groups, total, before, complete, scope)


def _leaders(question: Question, found: Mapping[int, Sums]) -> list[int]:
    """Return the ids that may be among the first; names of thousands of others cost the most."""
    ranks = sorted((_rank(sums, question.order) for sums in found.values()), reverse=True)
    top = question.top or len(ranks)
    if question.by == Dimension.MODEL or len(ranks) <= top + 1:  # versions are ranked together
        return list(found)
    return [pk for pk, sums in found.items() if _rank(sums, question.order) >= ranks[top - 1]]


def groups_of(
    question: Question, found: Mapping[int, Sums], named: Mapping[int, Named]
) -> list[Group]:
    """Rank sums by row id as named groups, the first `top` of them, then "others"."""
    merged: dict[str, Group] = {}
    for pk, sums in found.items():  # versions of a model are one group
        name = named.get(pk, Named(str(pk), f"{question.by and question.by.label} {pk}"))
        old = merged.get(name.key)
        merged[name.key] = Group(
            name,
            old.sums + sums if old else sums,
            (old.ids if old else frozenset()) | {pk},
        )
    ranked = sorted(merged.values(), key=lambda g: (-_rank(g.sums, question.order), g.label))
    top, rest = ranked[: question.top], ranked[question.top :] if question.top else []
    if len(rest) == 1:  # "1 other" would take the line that its name takes
        return ranked
    if rest:
        ids = frozenset().union(*(group.ids for group in rest))
        top = [*top, Group(None, added(group.sums for group in rest), ids, len(rest))]
    return top


def _rank(sums: Sums, order: str) -> float:
    return float(getattr(sums, order) or 0)


def _table(period: Period) -> tuple[str, str]:
    """Choose the coarsest rollup that has the period's edges: name, and column of time."""
    fine = period.grain == Grain.HOUR or not period.whole_days
    return ("usage_hour", "hour") if fine else ("usage_day", "day")


def _by_group(scope: Scope, period: Period, by: Dimension | None) -> dict[int, Sums]:
    table, at = _table(period)  # the one that its steps are read from, so that they add up
    condition, values = scope.sql()
    group = COLUMNS[by] if by else "0"
    sql = (
        f"SELECT {group}, {_SUMS} FROM {table} "  # noqa: S608
        f"WHERE {at} >= %s AND {at} < %s AND {condition} GROUP BY 1 HAVING count(*) > 0"
    )
    return {row[0]: Sums(*row[1:]) for row in fetched(sql, [period.start, period.end, *values])}


@dataclass(frozen=True)
class Series:
    """Sums per step of time: one line per group of the answer, in its order."""

    steps: Sequence[datetime]
    lines: Sequence[tuple[Group, Sequence[Sums]]]


def over_time(answer: Answer, period: Period | None = None) -> Series:
    """Spread an answer's groups, or its total where it has none, over the steps of its period."""
    period = period or answer.question.period
    steps = period.steps(timezone.now())
    groups = answer.groups or [Group(Named("", "Total"), answer.total)]
    by = answer.question.by
    found = _by_step(answer.scope, period, by, [g for g in groups if g.name] if by else [])
    nothing = Sums()
    return Series(
        steps,
        [
            (group, [found.get((int(at.timestamp()), position), nothing) for at in steps])
            for position, group in enumerate(groups)
        ],
    )


def _by_step(
    scope: Scope, period: Period, by: Dimension | None, groups: Sequence[Group]
) -> dict[tuple[int, int], Sums]:
    table, at = _table(period)
    condition, values = scope.sql()
    line, join, line_values = line_of(COLUMNS[by], groups) if by else ("0", "", [])
    sql = (
        f"SELECT {step(at, period.grain)}, {line}, {_SUMS} FROM {table} {join} "  # noqa: S608
        f"WHERE {at} >= %s AND {at} < %s AND {condition} GROUP BY 1, 2"
    )
    rows = fetched(sql, [*line_values, period.start, period.end, *values])
    return {(row[0], row[1]): Sums(*row[2:]) for row in rows}


def line_of(column: str, groups: Sequence[Group]) -> tuple[str, str, list[Any]]:
    """Write which group a row is in; whatever is not among the first is the line after them.

    A hash join: comparing each row with each group in turn took as long as adding it up.
    """
    places = {pk: place for place, group in enumerate(groups) for pk in group.ids}
    join = f"LEFT JOIN unnest(%s::int[], %s::int[]) AS line (pk, place) ON line.pk = {column}"
    return f"coalesce(line.place, {len(groups)})", join, [[*places], [*places.values()]]


def step(column: str, grain: Grain) -> str:
    """Write the SQL of a step's beginning; never date_trunc on the session's time zone.

    In seconds since 1970: a thousand timestamps take longer to read than to add up.
    """
    width = "1 hour" if grain == Grain.HOUR else "1 day"
    begin = f"date_bin('{width}', {column}, '2000-01-01 00:00+00')"
    if grain == Grain.MONTH:
        begin = f"date_trunc('month', {column}, 'UTC')"
    return f"date_part('epoch', {begin})::bigint"


def fetched(sql: str, values: list[Any]) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


AS_OF = f"""
SELECT ARRAY[
    least((SELECT min(at) FROM {DirtyHour._meta.db_table} WHERE NOT summed),
          (SELECT min(at) FROM {DirtyDay._meta.db_table}),
          (SELECT at FROM {FillState._meta.db_table} WHERE name = 'hours')),
    least((SELECT min(at) FROM {DirtyHour._meta.db_table}),
          (SELECT at FROM {FillState._meta.db_table} WHERE name = 'sketches'))
]
"""  # noqa: S608


def read_as_of() -> AsOf:
    """Say until when numbers are complete."""
    asked_at = timezone.now()
    ((found,),) = fetched(AS_OF, [])
    return as_of(found, asked_at)


def as_of(found: Sequence[datetime | None], asked_at: datetime) -> AsOf:
    """Name what AS_OF said; what nothing waits for is complete until it was asked."""
    return AsOf(*(at or asked_at for at in found))
