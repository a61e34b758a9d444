"""Read the facts once per revision and keep them in the process.

Facts change a few times a year, yet every keystroke in the request form asks for them. A revision
is read once per web request (once per call elsewhere); only a new one makes the rows be read.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeVar, cast
from uuid import UUID

from apps.catalog import models
from apps.catalog.selectors import disagreements
from apps.catalog.selectors.facts import (
    BatchFacts,
    Facts,
    ModelFacts,
    OpinionFacts,
    PriceFacts,
    PriceKey,
    PtuFacts,
    QuotaFacts,
    RegionFacts,
    RuleFacts,
    TypeFacts,
    VersionFacts,
)

K = TypeVar("K")
V = TypeVar("V")


class _Request(threading.local):
    """What this thread's web request has read so far."""

    running = False
    facts: Facts | None = None


_request = _Request()


def begin_request(**_: Any) -> None:
    """Start a web request: the first question reads the revision, later ones do not."""
    _request.running, _request.facts = True, None


def end_request(**_: Any) -> None:
    """End a web request."""
    _request.running, _request.facts = False, None


def facts() -> Facts:
    """Return the facts at the present revision; empty where nothing was ever loaded."""
    if _request.running and _request.facts is not None:
        return _request.facts
    revision = models.CatalogState.objects.values_list("revision", flat=True).first()
    found = _read(revision)
    if _request.running:
        _request.facts = found
    return found


@contextmanager
def one_revision() -> Iterator[None]:
    """Let a whole act see the same facts, read once; a running web request does so anyway."""
    if _request.running:
        yield
        return
    begin_request()
    try:
        yield
    finally:
        end_request()


def forget() -> None:
    """Make the running web request read the revision again, after it changed the catalogue."""
    _request.facts = None


@lru_cache(maxsize=2)
def _read(revision: UUID | None) -> Facts:
    if revision is None:
        return Facts()
    types = {
        row.sku: TypeFacts(
            row.sku, row.label, cast(Any, row.scope), cast(Any, row.billing), row.unit, row.help
        )
        for row in models.DeploymentType.objects.all()
    }
    prices, price_source = _prices()
    read = Facts(
        models={row.name: _model(row) for row in models.Model.objects.order_by("name")},
        versions=_versions(),
        types=types,
        regions={
            row.name: RegionFacts(row.name, row.display_name, row.geography, row.data_zone)
            for row in models.Region.objects.order_by("geography", "name")
        },
        offers=_offers(),
        quotas=_quotas(),
        batch_quotas=_batch_quotas(),
        ptu=_ptu(),
        prices=prices,
        price_source=price_source,
        opinions=_opinions(),
        rules={
            (row.data_class, row.scope, row.geography): RuleFacts(
                row.data_class, row.scope, row.geography, row.allowed, row.why
            )
            for row in models.ResidencyRule.objects.all()
        },
    )
    return disagreements.noted(read)


def _grouped(rows: Iterable[V], key: Callable[[V], K]) -> Mapping[K, list[V]]:
    groups: dict[K, list[V]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return dict(groups)


def _model(row: models.Model) -> ModelFacts:
    return ModelFacts(
        name=row.name,
        provider=row.provider,
        format=row.format,
        context_tokens=row.context_tokens,
        max_output_tokens=row.max_output_tokens,
        task=row.task,
        task_label=row.get_task_display(),
        source=row.source,
        as_of=row.as_of,
    )


def _versions() -> Mapping[str, list[VersionFacts]]:
    rows = models.ModelVersion.objects.order_by("model", "-version")
    found = [
        VersionFacts(
            model=row.model_id,
            version=row.version,
            lifecycle=row.lifecycle,
            retires_on=row.retires_on,
            replacement=row.replacement,
            source=row.source,
            as_of=row.as_of,
        )
        for row in rows
    ]
    return _grouped(found, lambda version: version.model)


def _offers() -> Mapping[tuple[str, str], frozenset[tuple[str, str]]]:
    rows = models.Availability.objects.values_list(
        "version__model_id", "version__version", "deployment_type_id", "region_id"
    )
    grouped = _grouped(rows, lambda row: (row[0], row[1]))
    return {key: frozenset((row[2], row[3]) for row in group) for key, group in grouped.items()}


def _quotas() -> Mapping[str, list[QuotaFacts]]:
    rows = models.QuotaTier.objects.order_by("deployment_type__position", "tier", "note")
    return {
        model: [
            QuotaFacts(
                sku=row.deployment_type_id,
                tier=row.tier,
                tpm=row.tpm,
                requests=row.requests,
                window_s=row.window_s,
                note=row.note,
                source=row.source,
                as_of=row.as_of,
            )
            for row in group
        ]
        for model, group in _grouped(rows, lambda row: row.model_id).items()
    }


def _batch_quotas() -> Mapping[tuple[str, str], BatchFacts]:
    rows = models.BatchQuota.objects.order_by("id")
    grouped = _grouped(rows, lambda row: (row.model_id, row.deployment_type_id))
    return {
        key: BatchFacts(
            {row.subscription: row.enqueued_tokens for row in group},
            group[0].source,
            group[0].as_of,
        )
        for key, group in grouped.items()
    }


def _ptu() -> Mapping[str, PtuFacts]:
    grouped = _grouped(models.PtuParameter.objects.all(), lambda row: row.model_id)
    found = {}
    for model, group in grouped.items():
        wide, narrow = (
            next(row for row in group if row.scope == scope) for scope in ("global", "regional")
        )
        found[model] = PtuFacts(
            min_global=wide.minimum_ptu,
            increment_global=wide.increment_ptu,
            min_regional=narrow.minimum_ptu,
            increment_regional=narrow.increment_ptu,
            input_tpm_per_ptu=wide.input_tpm_per_ptu,
            output_ratio=wide.output_ratio,
            latency_target=wide.latency_target,
            source=wide.source,
            as_of=wide.as_of,
        )
    return found


def _prices() -> tuple[Mapping[PriceKey, list[PriceFacts]], tuple[str, Any]]:
    by_set = _grouped(models.Price.objects.order_by("id"), lambda price: price.price_set_id)
    found: dict[PriceKey, list[PriceFacts]] = defaultdict(list)
    newest = Facts().price_source
    for row in models.PriceSet.objects.order_by("effective_on"):
        nanos = {price.token_class: price.price_nano for price in by_set.get(row.pk, ())}
        ptu_hour = nanos.pop("ptu_hour", None)
        key = (row.model_id or "", row.version, row.deployment_type_id, row.region_id)
        found[key].append(
            PriceFacts(
                price_set_id=row.pk,
                per_1m_nano=nanos,
                ptu_hour_nano=ptu_hour,
                effective_on=row.effective_on,
                ends_on=row.ends_on,
                source=row.source,
                as_of=row.as_of,
            )
        )
        if row.as_of > newest[1]:
            newest = (row.source, row.as_of)
    return dict(found), newest


def _opinions() -> Mapping[str, list[OpinionFacts]]:
    rows = models.SecondOpinion.objects.order_by("scope", "token_class")
    return {
        model: [
            OpinionFacts(
                scope=row.scope,
                token_class=row.token_class,
                per_1m_nano=row.per_1m_nano,
                differs=row.verdict == "differs",
                source=row.source,
                as_of=row.as_of,
            )
            for row in group
        ]
        for model, group in _grouped(rows, lambda row: row.model_id).items()
    }
