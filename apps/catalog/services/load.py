"""Load the data files into the database: all of it or nothing, and nothing where it is loaded."""

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from apps.catalog.collectors import files
from apps.catalog.collectors.files import Row
from apps.catalog.models import (
    Availability,
    BatchQuota,
    CatalogState,
    DeploymentType,
    Model,
    ModelVersion,
    PtuParameter,
    QuotaTier,
    Region,
    ResidencyRule,
    SecondOpinion,
)
from apps.catalog.selectors.snapshot import forget
from apps.catalog.services.price_sets import load_prices
from apps.kernel.actors import SYSTEM
from apps.kernel.audit import record
from apps.kernel.money import nano

NAMES = (
    "regions",
    "models",
    "versions",
    "deployment_types",
    "availability",
    "quotas",
    "batch_quotas",
    "ptu",
    "prices",
    "second_opinions",
    "residency",
)
Values = Mapping[str, Any]
LOCK = 0x_CA7A_1060  # any number that no other advisory lock uses


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did; `rows` is empty where the files were loaded already."""

    digest: str
    rows: dict[str, int]

    @property
    def changed(self) -> bool:
        """Say whether anything was loaded."""
        return bool(self.rows)


def load_catalog(*, directory: Path = files.DATA) -> Loaded:
    """Load the data files of `directory`, set by set; unchanged files cost one query.

    Two starts at once: the second waits for the first and finds the work done. Versions and price
    sets are never deleted: what has cost money keeps its price.
    """
    texts = {name: (directory / f"{name}.csv").read_bytes() for name in NAMES}
    digest = hashlib.sha256(b"\0".join(texts.values())).hexdigest()
    if CatalogState.objects.filter(digest=digest).exists():
        return Loaded(digest, {})
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        if CatalogState.objects.filter(digest=digest).exists():
            return Loaded(digest, {})
        tables = {name: files.parse(text.decode()) for name, text in texts.items()}
        _load(tables)
        before = CatalogState.objects.values_list("digest", flat=True).first() or ""
        CatalogState.objects.update_or_create(
            singleton=True,
            defaults={
                "digest": digest,
                "revision": uuid.uuid4(),
                "loaded_at": timezone.now(),
            },
        )
        rows = {name: len(table) for name, table in tables.items()}
        record(
            subject="catalogue",
            subject_name="Catalogue",
            verb="loaded",
            before={"digest": before},
            after={"digest": digest, "rows": rows},
            by=SYSTEM,
        )
    forget()
    return Loaded(digest, rows)


def _load(tables: dict[str, list[Row]]) -> None:
    _upsert(Region, "name", rows=tables["regions"])
    _upsert(Model, "name", rows=[_known(row) for row in tables["models"]])
    types = [row | {"position": i} for i, row in enumerate(tables["deployment_types"])]
    _upsert(DeploymentType, "sku", rows=types)
    versions = [
        _of_model(row) | {"retires_on": row["retires_on"] or None} for row in tables["versions"]
    ]
    _upsert(ModelVersion, "model", "version", rows=versions)
    ids = {
        (model, version): pk
        for pk, model, version in ModelVersion.objects.values_list("pk", "model_id", "version")
    }
    offers = [
        {
            "version_id": ids[row["model"], row["version"]],
            "deployment_type_id": row["deployment_type"],
            "region_id": row["region"],
            "source": row["source"],
            "as_of": row["as_of"],
        }
        for row in tables["availability"]
    ]
    _replace(Availability, offers)
    _replace(QuotaTier, [_of_model(row) | {"tpm": row["tpm"] or None} for row in tables["quotas"]])
    _replace(BatchQuota, [_of_model(row) for row in tables["batch_quotas"]])
    _replace(PtuParameter, [_known(_of_model(row)) for row in tables["ptu"]])
    opinions = [
        {name: value for name, value in _of_model(row).items() if name != "usd_per_1m"}
        | {"per_1m_nano": nano(row["usd_per_1m"])}
        for row in tables["second_opinions"]
    ]
    _replace(SecondOpinion, opinions)
    load_prices(tables["prices"], today=timezone.now().date())
    _load_residency(tables["residency"])


def _known(row: Values) -> dict[str, Any]:
    """Return the row with NULL for what the sources leave empty."""
    return {name: None if value == "" else value for name, value in row.items()}


def _of_model(row: Row) -> dict[str, Any]:
    """Return the row with its model and type as foreign keys."""
    keys = {"model": "model_id", "deployment_type": "deployment_type_id"}
    return {keys.get(name, name): value for name, value in row.items()}


def _upsert(kind: type[models.Model], *key: str, rows: Iterable[Values]) -> None:
    fields = [field.name for field in kind._meta.concrete_fields if not field.primary_key]
    kind._default_manager.bulk_create(
        [kind(**row) for row in rows],
        update_conflicts=True,
        unique_fields=key,
        update_fields=[name for name in fields if name not in key],
    )


def _replace(kind: type[models.Model], rows: Iterable[Values]) -> None:
    kind._default_manager.all().delete()
    kind._default_manager.bulk_create([kind(**row) for row in rows], batch_size=1000)


def _load_residency(rows: Iterable[Row]) -> None:
    """Add and correct rules, but leave those that somebody edited, also while this waits."""
    edited = {
        (rule.data_class, rule.scope, rule.geography)
        for rule in ResidencyRule.objects.select_for_update()
        if rule.edited_at
    }
    ours = [
        row | {"allowed": row["allowed"] == "yes"}
        for row in rows
        if (row["data_class"], row["scope"], row["geography"]) not in edited
    ]
    _upsert(ResidencyRule, "data_class", "scope", "geography", rows=ours)
