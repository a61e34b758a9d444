"""The list of models: filtered, sorted and cut into pages by the database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    DateField,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce

from apps.catalog.models import Availability, Model, ModelVersion, Price
from apps.catalog.selectors.facts import SOON_DAYS, ModelFacts, VersionFacts
from apps.catalog.selectors.life import Life, life_of, newest
from apps.catalog.selectors.snapshot import facts
from apps.catalog.states import Scope, Task
from apps.kernel import keyset

LIST_SKU = "GlobalStandard"
LIVES = {
    "current": "can be chosen",
    "soon": "retires within 90 days",
    "retired": "retired",
    "unplaced": "no region yet",
    "all": "any",
}
SORTS = ("name", "context", "input", "cached", "output", "ends")
UNKNOWN = {"": 2**62, "-": -1}  # what is not known comes last, whichever way a column is sorted
UNKNOWN_INT = {"": 2**31 - 1, "-": -1}
UNKNOWN_DAY = {"": date.max, "-": date.min}
PRICES = {"input": "input", "cached": "cached_input", "output": "output"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of the list asks for; what it does not know means "any"."""

    text: str = ""
    runs_in: str = ""
    sku: str = ""
    task: str = ""
    life: str = "current"
    sort: str = "name"
    cursor: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Asked":
        """Read the query of an address."""
        sort = query.get("sort", "")
        return cls(
            text=query.get("text", "").strip()[:80],
            runs_in=_one_of(query.get("runs_in", ""), places()),
            sku=_one_of(query.get("sku", ""), facts().types),
            task=_one_of(query.get("task", ""), Task.values),
            life=_one_of(query.get("life", ""), LIVES) or "current",
            sort=sort if sort.removeprefix("-") in SORTS else "name",
            cursor=query.get("cursor", ""),
        )


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One line of the list: prices are nano-USD, `offers` are (sku, region) where was asked for."""

    model: ModelFacts
    version: VersionFacts | None
    life: Life
    where: str
    offers: Collection[tuple[str, str]]
    limited: bool
    prices: Sequence[int | None]

    @property
    def regions(self) -> int:
        """Count the regions."""
        return len({region for _, region in self.offers})


@dataclass(frozen=True, slots=True)
class ModelPage:
    """A page of the list with the count of all that match."""

    rows: Sequence[ModelRow]
    matching: int
    page: keyset.Page[Model]


def places() -> Mapping[str, str]:
    """Return what "runs in" can be: the data zones, then the geographies."""
    regions = facts().regions.values()
    zones = sorted({region.data_zone for region in regions} - {""})
    return {zone: f"{zone} data zone" for zone in zones} | {
        name: name for name in sorted({region.geography for region in regions})
    }


def models_page(asked: Asked, on: date) -> ModelPage:
    """Return the asked page of models."""
    matching = _matching(asked, on)
    down = "-" if asked.sort.startswith("-") else ""
    column = asked.sort.removeprefix("-")
    ordered = _sortable(matching, on, down)
    order = [f"{down}name"] if column == "name" else [f"{down}{column}_key", "name"]
    page = keyset.page(ordered, order=order, cursor=asked.cursor)
    rows = [_row(model, asked, on) for model in page.rows]
    return ModelPage(rows, matching.count(), page)


def _one_of(value: str, known: Any) -> str:
    return value if value in known else ""


def _retired(on: date) -> Q:
    return Q(retires_on__lte=on) | Q(retires_on__isnull=True, lifecycle="Retired")


def _matching(asked: Asked, on: date) -> QuerySet[Model]:
    rows = Model.objects.all()
    for word in asked.text.split():
        tasks = [value for value, label in Task.choices if word.lower() in str(label).lower()]
        rows = rows.filter(
            Q(name__icontains=word) | Q(provider__icontains=word) | Q(task__in=tasks)
        )
    if asked.task:
        rows = rows.filter(task=asked.task)
    rows = _alive(rows, asked.life, on)
    if asked.runs_in or asked.sku or asked.life == "current":
        rows = rows.filter(Exists(_offers(asked, on)))
    return rows


def _alive(rows: QuerySet[Model], life: str, on: date) -> QuerySet[Model]:
    """Keep models by the end of their longest living version."""
    versions = ModelVersion.objects.filter(model=OuterRef("pk"))
    living = versions.exclude(_retired(on))
    if life == "retired":
        return rows.filter(Exists(versions), ~Exists(living))
    if life == "soon":
        later = Q(retires_on__gte=on + timedelta(days=SOON_DAYS)) | Q(retires_on__isnull=True)
        return rows.filter(Exists(living), ~Exists(living.filter(later)))
    if life == "unplaced":
        return rows.exclude(Exists(Availability.objects.filter(version__model=OuterRef("pk"))))
    return rows


def _offers(asked: Asked, on: date) -> QuerySet[Availability]:
    offers = Availability.objects.filter(version__model=OuterRef("pk"))
    if asked.sku:
        offers = offers.filter(deployment_type=asked.sku)
    if asked.runs_in:
        offers = offers.filter(
            Q(region__geography=asked.runs_in) | Q(region__data_zone=asked.runs_in)
        )
    if asked.life in {"current", "soon"}:
        offers = offers.filter(version__in=ModelVersion.objects.exclude(_retired(on)))
    return offers


def _sortable(rows: QuerySet[Model], on: date, down: str) -> QuerySet[Model]:
    """Add the list's prices, and for each column a key that is never NULL."""
    prices = {
        f"{name}_nano": Subquery(_price(token_class, on)) for name, token_class in PRICES.items()
    }
    ends = (
        ModelVersion.objects.filter(model=OuterRef("pk"))
        .order_by(F("retires_on").desc(nulls_last=True))
        .values("retires_on")[:1]
    )
    keys = {
        f"{name}_key": Coalesce(
            F(f"{name}_nano"), Value(UNKNOWN[down]), output_field=BigIntegerField()
        )
        for name in PRICES
    }
    return rows.annotate(
        **prices,
        **keys,
        context_key=Coalesce(
            "context_tokens", Value(UNKNOWN_INT[down]), output_field=IntegerField()
        ),
        ends_key=Coalesce(Subquery(ends), Value(UNKNOWN_DAY[down]), output_field=DateField()),
    )


def _price(token_class: str, on: date) -> QuerySet[Price, Any]:
    return (
        Price.objects.filter(
            Q(price_set__ends_on__isnull=True) | Q(price_set__ends_on__gt=on),
            price_set__model=OuterRef("pk"),
            price_set__deployment_type=LIST_SKU,
            price_set__effective_on__lte=on,
            token_class=token_class,
        )
        .order_by("price_nano")
        .values("price_nano")[:1]
    )


def _row(row: Any, asked: Asked, on: date) -> ModelRow:
    known = facts()
    version = newest(row.name, on)
    offers = known.offers.get((row.name, version.version), frozenset()) if version else frozenset()
    here = [
        (sku, region)
        for sku, region in offers
        if not asked.runs_in
        or asked.runs_in in {known.regions[region].geography, known.regions[region].data_zone}
    ]
    scopes = {known.types[sku].scope for sku, _ in here}
    return ModelRow(
        model=known.models[row.name],
        version=version,
        life=life_of(version, on) if version else Life("Not offered", "off", "circle-dashed"),
        where=", ".join(str(scope.label) for scope in Scope if scope.value in scopes),
        offers=here,
        limited=row.name in known.quotas,
        prices=[row.input_nano, row.cached_nano, row.output_nano],
    )
