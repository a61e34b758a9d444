"""Which rows a viewer's question is about: what may be seen, what is filtered, as SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model, QuerySet

from apps.catalog import selectors as catalog
from apps.kernel.errors import InvalidError
from apps.provisioning.models import Resource
from apps.teams import selectors as teams
from apps.teams.models import BusinessUnit, Environment, Person, Team, Workload
from apps.teams.roles import Action
from apps.usage.models import ModelKey, RegionKey
from apps.usage.states import Dimension

COLUMNS = {
    Dimension.BU: "bu_id",
    Dimension.TEAM: "team_id",
    Dimension.WORKLOAD: "workload_id",
    Dimension.ENVIRONMENT: "environment_id",
    Dimension.DEPLOYMENT: "deployment_id",
    Dimension.MODEL: "model_id",
    Dimension.REGION: "region_id",
}
NAMED_BY: dict[Dimension, tuple[type[Model], str]] = {  # table, and what an address calls a row
    Dimension.BU: (BusinessUnit, "slug"),
    Dimension.TEAM: (Team, "slug"),
    Dimension.WORKLOAD: (Workload, "pk"),
    Dimension.ENVIRONMENT: (Environment, "slug"),
    Dimension.DEPLOYMENT: (Resource, "pk"),
    Dimension.MODEL: (ModelKey, "model"),
    Dimension.REGION: (RegionKey, "name"),
}
MOST_VALUES = 50


@dataclass(frozen=True)
class Scope:
    """Filters by dimension as row ids, on top of what the viewer may see (None: everything)."""

    reach: teams.Reach | None
    where: Mapping[Dimension, frozenset[int]] = field(default_factory=dict)

    def sql(self) -> tuple[str, list[Any]]:
        """Return a condition on the columns of raw rows and rollups, with its parameters."""
        parts, values = ["true"], []
        if self.reach and not self.reach.everywhere:
            parts.append("(bu_id = ANY(%s) OR team_id = ANY(%s))")
            values += [sorted(self.reach.units), sorted(self.reach.teams)]
        for dimension, ids in self.where.items():
            parts.append(f"{COLUMNS[dimension]} = ANY(%s)")
            values.append(sorted(ids))
        return " AND ".join(parts), values

    def filters(self) -> dict[Dimension, frozenset[int]] | None:
        """Return filters that leave the same rows; None where no such filters do."""
        if not self.reach or self.reach.everywhere:
            return dict(self.where)
        if self.reach.units and self.reach.teams:
            return None
        dimension = Dimension.BU if self.reach.units else Dimension.TEAM
        return dict(self.narrowed(dimension, self.reach.units or self.reach.teams).where)

    def narrowed(self, dimension: Dimension, ids: frozenset[int]) -> "Scope":
        """Add a filter to those there are."""
        kept = self.where.get(dimension)
        return Scope(self.reach, {**self.where, dimension: ids if kept is None else kept & ids})


def scope_for(viewer: Person, asked: Mapping[Dimension, Sequence[str]] | None = None) -> Scope:
    """Return what the viewer may see of what is asked; a name that is not known filters to nothing.

    A foreign team's name and one that does not exist look alike: both leave no row.
    """
    return Scope(teams.reach(viewer, Action.USAGE_READ), _where(asked or {}))


def scope_of_everything(asked: Mapping[Dimension, Sequence[str]]) -> Scope:
    """Return the whole platform's rows that fit what is asked, for commands."""
    return Scope(None, _where(asked))


def _where(asked: Mapping[Dimension, Sequence[str]]) -> dict[Dimension, frozenset[int]]:
    return {dimension: _ids(dimension, called) for dimension, called in asked.items()}


def read_filters(query: Any) -> dict[Dimension, list[str]]:
    """Read the filters of an address: `team=claims&model=gpt-5.1`, several by repeating a name."""
    found = {}
    for dimension in Dimension:
        names = [
            name[:80]
            for name in (
                query.getlist(dimension.value)
                if hasattr(query, "getlist")
                else [query.get(dimension.value, "")]
            )
            if name
        ]
        if len(names) > MOST_VALUES:
            raise InvalidError(
                f"A filter takes {MOST_VALUES} values at most.", {dimension.value: "Fewer values."}
            )
        if names:
            found[dimension] = names
    return found


def _ids(dimension: Dimension, names: Sequence[str]) -> frozenset[int]:
    table, field_name = NAMED_BY[dimension]
    wanted = [name for name in names if field_name != "pk" or _is_id(name)]
    rows: QuerySet[Any] = table._default_manager.filter(**{f"{field_name}__in": wanted})
    return frozenset(rows.values_list("pk", flat=True))


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) < 10


@dataclass(frozen=True)
class Named:
    """What a group is called: `key` in addresses, `label` on the page, `detail` below it."""

    key: str
    label: str
    detail: str = ""


def names(dimension: Dimension, ids: Sequence[int]) -> dict[int, Named]:
    """Name the rows of a dimension; one query."""
    rows: QuerySet[Any] = NAMED_BY[dimension][0]._default_manager.filter(pk__in=ids)
    if dimension == Dimension.BU:
        return {r.pk: Named(r.slug, r.name, r.cost_centre) for r in rows}
    if dimension == Dimension.TEAM:
        rows = rows.select_related("business_unit")
        return {r.pk: Named(r.slug, r.name, r.business_unit.name) for r in rows}
    if dimension == Dimension.WORKLOAD:
        rows = rows.select_related("team")
        return {r.pk: Named(str(r.pk), r.slug, r.team.name) for r in rows}
    if dimension == Dimension.ENVIRONMENT:
        return {r.pk: Named(r.slug, r.label) for r in rows}
    if dimension == Dimension.DEPLOYMENT:
        return {r.pk: Named(str(r.pk), r.name, _what(r)) for r in rows}
    if dimension == Dimension.MODEL:
        return {r.pk: Named(r.model, r.model) for r in rows}
    return {r.pk: Named(r.name, r.name) for r in rows}


def _what(resource: Resource) -> str:
    kind = catalog.deployment_types().get(resource.facts.get("sku", ""))
    parts = (resource.facts.get("model"), kind and kind.label, resource.region)
    return ", ".join(str(part) for part in parts if part)
