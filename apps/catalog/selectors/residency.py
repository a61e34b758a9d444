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


def residency(*, data_class: str, sku: str, region: str) -> Residency:
    """Decide by the residency table; what no rule names is not allowed."""
    known = facts()
    kind, place = known.types.get(sku), known.regions.get(region)
    if data_class not in DataClass.values or kind is None or place is None:
        return Residency(allowed=False, why="Choose a data class, a type and a region first.")
    rule = known.rules.get((data_class, kind.scope, _geography(kind, place)))
    if rule is not None and rule.allowed:
        return Residency(allowed=True, why=rule.why)
    label = DataClass(data_class).label
    where = f"{kind.label} in {_geography(kind, place)}"
    why = rule.why if rule else f"No residency rule says that {label} data may use {where}."
    return Residency(
        allowed=False, why=why, would_pass=_nearest(known, data_class, kind, place, label)
    )


def _geography(kind: TypeFacts, place: RegionFacts) -> str:
    if kind.scope == "datazone":
        return place.data_zone or NO_ZONE
    return place.geography


def _nearest(known: Facts, data_class: str, kind: TypeFacts, place: RegionFacts, label: str) -> str:
    """Name the type in the same region that passes: billed alike first, then the widest scope."""
    passing = [
        other
        for other in known.types.values()
        if (rule := known.rules.get((data_class, other.scope, _geography(other, place))))
        and rule.allowed
    ]
    if not passing:
        return f"No type in {place.name} passes for {label} data; ask a platform admin."
    scopes = list(Scope.values)
    best = min(
        passing,
        key=lambda other: (
            other.billing != kind.billing,
            other.billing != "tokens",
            scopes.index(other.scope),
        ),
    )
    return f"{best.label} in {place.name} would pass."


def allowed_classes(offered: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Say per data class which of the offered types may take it, as (class, types)."""
    known = facts()
    skus = {sku for sku, _ in offered}
    found = []
    for value, label in data_classes():
        passing = [
            kind.label
            for sku, kind in known.types.items()
            if sku in skus
            and any(
                residency(data_class=value, sku=sku, region=region).allowed
                for other, region in offered
                if other == sku
            )
        ]
        words = "every type offered" if len(passing) == len(skus) else ", ".join(passing)
        found.append((label, words or "none of the types offered"))
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


def residency_rule(pk: int) -> models.ResidencyRule | None:
    """Return one rule."""
    return models.ResidencyRule.objects.filter(pk=pk).first()
