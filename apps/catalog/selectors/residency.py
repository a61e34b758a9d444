"""May data of a class be processed by a type in a region, and what would pass instead."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.catalog import models
from apps.catalog.selectors.facts import Facts, RegionFacts, TypeFacts
from apps.catalog.selectors.snapshot import facts
from apps.catalog.states import DataClass, Scope

NO_ZONE = "no zone"


@dataclass(frozen=True, slots=True)
class Residency:
    """The decision, its reason, and (where refused) the nearest that would pass."""

    allowed: bool
    why: str
    would_pass: str = ""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One line of the residency page: a scope and geography with its rule per data class."""

    scope: str
    geography: str
    rules: Sequence[models.ResidencyRule | None]


def data_classes() -> list[tuple[str, str]]:
    """Return the data classes, least sensitive first, as (value, label)."""
    return [(str(value), str(label)) for value, label in DataClass.choices]


def residency(
    *, data_class: str, sku: str, region: str, model: str = "", version: str = ""
) -> Residency:
    """Decide by the residency table; what no rule names is not allowed.

    With a model and version, what would pass is something that Microsoft offers of them.
    """
    known = facts()
    kind, place = known.types.get(sku), known.regions.get(region)
    if data_class not in DataClass.values or kind is None or place is None:
        return Residency(allowed=False, why="Choose a data class, a type and a region first.")
    rule = known.rules.get((data_class, kind.scope, _geography(kind, place)))
    if rule is not None and rule.allowed:
        return Residency(allowed=True, why=rule.why)
    label = DataClass(data_class).label
    where = f"{kind.label} in {_geography(kind, place)}"
    offered = known.offers.get((model, version), frozenset()) if model else None
    return Residency(
        allowed=False,
        why=rule.why if rule else f"No residency rule says that {label} data may use {where}.",
        would_pass=_nearest(known, data_class, kind, place, offered),
    )


def _geography(kind: TypeFacts, place: RegionFacts) -> str:
    if kind.scope == "datazone":
        return place.data_zone or NO_ZONE
    return place.geography


def _nearest(
    known: Facts,
    data_class: str,
    kind: TypeFacts,
    place: RegionFacts,
    offered: frozenset[tuple[str, str]] | None,
) -> str:
    """Name what passes: in the same region and billed alike first, then the widest scope."""
    if offered is None:
        offered = frozenset((sku, place.name) for sku in known.types)
    choices = [(known.types[sku], known.regions[region]) for sku, region in offered]
    passing = [
        (other, there)
        for other, there in choices
        if (rule := known.rules.get((data_class, other.scope, _geography(other, there))))
        and rule.allowed
    ]
    if not passing:
        return "Nothing that is offered passes; ask a platform admin."
    scopes = list(Scope.values)

    def distance(choice: tuple[TypeFacts, RegionFacts]) -> tuple[bool | int | str, ...]:
        other, there = choice
        return (
            there.name != place.name,
            there.data_zone != place.data_zone,
            there.geography != place.geography,
            other.billing != kind.billing,
            other.billing != "tokens",
            scopes.index(other.scope),
            there.name,
        )

    best, there = min(passing, key=distance)
    return f"{best.label} in {there.name} would pass."


def allowed_classes(offered: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Say per data class which scopes may take it in some offered region, as (class, scopes)."""
    known = facts()
    offered = list(offered)
    there = [scope for scope in Scope if any(known.types[s].scope == scope for s, _ in offered)]
    found = []
    for value, label in data_classes():
        passing = {
            known.types[sku].scope
            for sku, region in offered
            if residency(data_class=value, sku=sku, region=region).allowed
        }
        words = ", ".join(str(scope.label) for scope in there if scope.value in passing)
        found.append((label, words or "none of what is offered"))
    return found


def residency_table() -> list[RuleRow]:
    """Return all rules for the residency page, from the widest scope to the narrowest."""
    cells: dict[tuple[str, str], dict[str, models.ResidencyRule]] = {}
    for rule in models.ResidencyRule.objects.order_by("geography"):
        cells.setdefault((rule.scope, rule.geography), {})[rule.data_class] = rule
    scopes = list(Scope.values)
    ordered = sorted(cells, key=lambda key: (scopes.index(key[0]), key[1] == NO_ZONE, key[1]))
    return [
        RuleRow(Scope(scope).label, geography, [cells[scope, geography].get(c) for c in DataClass])
        for scope, geography in ordered
    ]
