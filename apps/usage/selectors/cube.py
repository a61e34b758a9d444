"""All that a person may see of a period and of the one before, in one reading.

A page asks once; its totals, tables, filters and rankings are sums of the same cells, so they
cannot disagree.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone

from apps.catalog.models import DeploymentType
from apps.provisioning.models import Resource
from apps.teams import selectors as teams
from apps.teams.models import Person
from apps.teams.roles import Action
from apps.usage.selectors.period import DAY, HOUR, Period
from apps.usage.selectors.questions import (
    AS_OF,
    TOP,
    Answer,
    AsOf,
    Group,
    Question,
    as_of,
    fetched,
    groups_of,
)
from apps.usage.selectors.scope import COLUMNS, NAMED_BY, Named, Scope
from apps.usage.selectors.sums import NAMES, Sums, added
from apps.usage.states import Dimension

DIMENSIONS = tuple(COLUMNS)
PLACE = {dimension: place for place, dimension in enumerate(DIMENSIONS)}
TOKENS = (NAMES.index("input_tokens"), NAMES.index("output_tokens"))
_KEYS = ", ".join(COLUMNS.values())
_SUMS = ", ".join(f"sum({name})::bigint" for name in NAMES)
_COLUMNS = f"{_KEYS}, {', '.join(NAMES)}"

Cell = tuple[tuple[int, ...], tuple[int, ...]]  # ids in the order of DIMENSIONS; sums
Names = Mapping[Dimension, Mapping[int, Named]]
_KIND = DeploymentType.objects.filter(sku=KeyTextTransform("sku", OuterRef("facts"))).order_by()
_LABELS: dict[Dimension, tuple[Any, ...]] = {  # label, and three parts of the line below it
    Dimension.BU: ("name", "cost_centre", Value(""), Value("")),
    Dimension.TEAM: ("name", "business_unit__name", Value(""), Value("")),
    Dimension.WORKLOAD: ("slug", "team__name", Value(""), Value("")),
    Dimension.ENVIRONMENT: ("label", Value(""), Value(""), Value("")),
    Dimension.DEPLOYMENT: (
        "name",
        KeyTextTransform("model", "facts"),
        Subquery(_KIND.values("label")),
        "region",
    ),
    Dimension.MODEL: ("model", Value(""), Value(""), Value("")),
    Dimension.REGION: ("name", Value(""), Value(""), Value("")),
}


@dataclass(frozen=True)
class Cube:
    """Cells of every dimension; `where` are the filters as an address names them."""

    period: Period
    where: Mapping[Dimension, Sequence[str]]
    reach: teams.Reach
    cells: Sequence[Cell]
    cells_before: Sequence[Cell]
    named: Names
    complete: AsOf

    @property
    def as_of(self) -> datetime:
        """Say until when the sums are complete."""
        return self.complete.sums

    @property
    def scope(self) -> Scope:
        """Return the filters as ids, for questions over time."""
        ids = {dimension: self._ids(dimension) for dimension in self.where}
        return Scope(self.reach, ids)

    def answer(
        self, by: Dimension | None = None, *, top: int | None = TOP, order: str = "tokens"
    ) -> Answer:
        """Answer what the filters leave, split by a dimension."""
        cells = list(self._left(self.cells))
        question = Question(self.period, by, self.where, top, order)
        groups = groups_of(question, split(cells, PLACE[by]), self.named[by]) if by else []
        total, before = sum_of(cells), sum_of(self._left(self.cells_before))
        return Answer(question, groups, total, before, self.complete, self.scope)

    def before(self, by: Dimension, group: Group) -> Sums:
        """Return what a group of an answer had in the period before."""
        if by not in self._before:
            self._before[by] = self._by_key(by, self._left(self.cells_before))
        found, keys = self._before[by], {self.key(by, pk) for pk in group.ids}
        return added(found[key] for key in keys if key in found)

    @cached_property
    def _before(self) -> dict[Dimension, dict[str, Sums]]:
        """Keep what was split once: a file asks for the period before of thousands of groups."""
        return {}

    def _by_key(self, by: Dimension, cells: Iterable[Cell]) -> dict[str, Sums]:
        found: dict[str, Sums] = {}
        for pk, sums in split(cells, PLACE[by]).items():  # versions of a model are one
            key = self.key(by, pk)
            found[key] = found.get(key, Sums()) + sums
        return found

    def values(self, dimension: Dimension) -> list[Named]:
        """List what a filter may be set to while the others stay, most tokens first."""
        found: Counter[str] = Counter()
        for ids, sums in self._left(self.cells, but=dimension):
            found[self.key(dimension, ids[PLACE[dimension]])] += sum(sums[n] for n in TOKENS)
        names = {one.key: one for one in self.named[dimension].values()}
        return [names[key] for key, _ in found.most_common() if key in names]

    def called(self, dimension: Dimension, key: str) -> str:
        """Return the label of a value that an address names; what nobody knows stays as it is."""
        every = self.named[dimension].values()
        return next((one.label for one in every if one.key == key), key)

    def key(self, dimension: Dimension, pk: int) -> str:
        """Return what an address calls a row: versions of a model are one."""
        named = self.named[dimension].get(pk)
        return named.key if named else str(pk)

    def _ids(self, dimension: Dimension) -> frozenset[int]:
        wanted = set(self.where[dimension])
        return frozenset(pk for pk, one in self.named[dimension].items() if one.key in wanted)

    def _left(self, cells: Iterable[Cell], but: Dimension | None = None) -> Iterator[Cell]:
        """Pass on the cells that the filters leave, those of one dimension aside."""
        asked = [(PLACE[one], self._ids(one)) for one in self.where if one != but]
        return (cell for cell in cells if all(cell[0][place] in ids for place, ids in asked))


def cube_of(viewer: Person, period: Period, where: Mapping[Dimension, Sequence[str]]) -> Cube:
    """Read what the viewer may see of a period and the one before; two queries."""
    reach = teams.reach(viewer, Action.USAGE_READ)
    complete, (now, before) = cells_of(Scope(reach), (period, period.before(timezone.now())))
    ids = {one: {cell[0][PLACE[one]] for cell in (*now, *before)} for one in DIMENSIONS}
    return Cube(period, where, reach, now, before, all_names(ids), complete)


def answer_about(viewer: Person, resource: Resource, period: Period) -> Answer:
    """Answer what the viewer may see of one deployment; one query."""
    scope = Scope(
        teams.reach(viewer, Action.USAGE_READ), {Dimension.DEPLOYMENT: frozenset({resource.pk})}
    )
    complete, (now, before) = cells_of(scope, (period, period.before(timezone.now())))
    question = Question(period, where={Dimension.DEPLOYMENT: [str(resource.pk)]})
    return Answer(question, [], sum_of(now), sum_of(before), complete, scope)


def requests_by_hour(found: Cube) -> tuple[list[float | None], list[float | None]]:
    """Return the mean requests in each hour of the day, UTC: in the period, and the one before.

    The hour that goes on is left out: half an hour of calls is no hour.
    """
    now = timezone.now()
    period, before = found.period, found.period.before(now)
    end = min(period.end, now.replace(minute=0, second=0, microsecond=0))
    condition, values = found.scope.sql()
    sql = (
        "SELECT hour >= %s, extract(hour FROM hour AT TIME ZONE 'UTC')::int, "  # noqa: S608
        "sum(requests)::bigint FROM usage_hour WHERE (hour >= %s AND hour < %s "
        f"OR hour >= %s AND hour < %s) AND {condition} GROUP BY 1, 2"
    )
    spans = [before.start, before.end, period.start, end]
    rows = {(row[0], row[1]): row[2] for row in fetched(sql, [period.start, *spans, *values])}
    return (
        _means(rows, period.start, end, present=True),
        _means(rows, before.start, before.end, present=False),
    )


def last_hour(viewer: Person) -> datetime | None:
    """Return the last hour that has calls the viewer may see; None where there never were any."""
    condition, values = Scope(teams.reach(viewer, Action.USAGE_READ)).sql()
    ((at,),) = fetched(f"SELECT max(hour) FROM usage_hour WHERE {condition}", values)  # noqa: S608
    return at if isinstance(at, datetime) else None


def _means(
    rows: Mapping[tuple[bool, int], int], start: datetime, end: datetime, *, present: bool
) -> list[float | None]:
    hours = (end - start) // HOUR
    times = Counter((start + number * HOUR).hour for number in range(hours))
    return [rows.get((present, n), 0) / times[n] if times[n] else None for n in range(24)]


def cells_of(scope: Scope, periods: Sequence[Period]) -> tuple[AsOf, tuple[list[Cell], ...]]:
    """Say until when rollups are complete; read the cells of each period, which may overlap.

    One statement sees both, so that no hour is claimed that was rolled in between.
    """
    asked_at = timezone.now()
    condition, values = scope.sql()
    parts = [
        (f"SELECT {number} AS nth, {_COLUMNS} FROM {table} "  # noqa: S608
         f"WHERE {at} >= %s AND {at} < %s AND {condition}", [start, end, *values])
        for number, period in enumerate(periods)
        for table, at, start, end in _pieces(period)
    ]  # fmt: skip
    every = " UNION ALL ".join(sql for sql, _ in parts)
    cells = f"SELECT nth, {_KEYS}, {_SUMS} FROM ({every}) parts GROUP BY nth, {_KEYS}"  # noqa: S608
    sql = f"SELECT * FROM ({AS_OF}) AS complete LEFT JOIN ({cells}) AS cells ON true"  # noqa: S608
    found: tuple[list[Cell], ...] = tuple([] for _ in periods)
    first = 2 + len(DIMENSIONS)
    rows = fetched(sql, [value for _, given in parts for value in given])
    for row in rows:
        if row[1] is not None:
            found[row[1]].append((row[2:first], row[first:]))
    return as_of(rows[0][0], asked_at), found


def _pieces(period: Period) -> list[tuple[str, str, datetime, datetime]]:
    """Cut a period into whole days, which daily rollups answer, and the hours around them."""
    start, end = period.start, period.end
    last = end.replace(hour=0, minute=0, second=0, microsecond=0)
    first = -(-(start - last) // DAY) * DAY + last  # the next midnight
    if first >= last:
        return [("usage_hour", "hour", start, end)]
    cut = (
        ("usage_hour", "hour", start, first),
        ("usage_day", "day", first, last),
        ("usage_hour", "hour", last, end),
    )
    return [piece for piece in cut if piece[2] < piece[3]]


def all_names(ids: Mapping[Dimension, Collection[int]]) -> Names:
    """Name the rows of every dimension; one query."""
    found: dict[Dimension, dict[int, Named]] = {dimension: {} for dimension in DIMENSIONS}
    first, *rest = (_named(dimension, ids[dimension]) for dimension in DIMENSIONS)
    for dimension, pk, key, label, *detail in first.union(*rest, all=True):
        found[Dimension(dimension)][pk] = Named(key, label, ", ".join(filter(None, detail)))
    return found


def _named(dimension: Dimension, ids: Collection[int]) -> QuerySet[Any, Any]:
    table, key = NAMED_BY[dimension]
    texts = (key, *_LABELS[dimension])
    rows = table._default_manager.filter(pk__in=ids).order_by()
    return rows.values_list(
        Value(dimension.value, TextField()),
        F("pk"),
        *(Cast(text, TextField()) for text in texts),
    )


def split(cells: Iterable[Cell], place: int) -> dict[int, Sums]:
    """Add up by the row ids at one place of DIMENSIONS."""
    rows: dict[int, list[Cell]] = {}
    for cell in cells:
        rows.setdefault(cell[0][place], []).append(cell)
    return {pk: sum_of(some) for pk, some in rows.items()}


def sum_of(cells: Iterable[Cell]) -> Sums:
    """Add up all."""
    columns = zip(*(sums for _, sums in cells), strict=True)
    return Sums(*map(sum, columns))
