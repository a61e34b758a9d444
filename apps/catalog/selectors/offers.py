"""What is offered where, within which limits, and until when."""

import math
from collections.abc import Mapping, Sequence
from datetime import date

from apps.catalog.selectors import disagreements
from apps.catalog.selectors.disagreements import Disagreements
from apps.catalog.selectors.facts import (
    BatchFacts,
    ModelFacts,
    PtuFacts,
    QuotaFacts,
    RegionFacts,
    TypeFacts,
    VersionFacts,
)
from apps.catalog.selectors.snapshot import facts


def models() -> Mapping[str, ModelFacts]:
    """Return all models by name."""
    return facts().models


def versions(model: str) -> Sequence[VersionFacts]:
    """Return the versions of a model, newest first; none of an unknown model."""
    return facts().versions.get(model, ())


def version(model: str, name: str) -> VersionFacts | None:
    """Return one version of a model."""
    return next((one for one in versions(model) if one.version == name), None)


def deployment_types() -> Mapping[str, TypeFacts]:
    """Return the deployment types by SKU, in the order that pages list them."""
    return facts().types


def regions() -> Mapping[str, RegionFacts]:
    """Return the regions by name, geography by geography."""
    return facts().regions


def availability(model: str, version: str) -> frozenset[tuple[str, str]]:
    """Return where Microsoft offers a version, as (sku, region)."""
    return facts().offers.get((model, version), frozenset())


def quotas(model: str) -> Sequence[QuotaFacts]:
    """Return the quota tiers of a model."""
    return facts().quotas.get(model, ())


def batch_quotas(model: str, sku: str) -> BatchFacts | None:
    """Return enqueued tokens by kind of subscription; None where Microsoft names none."""
    return facts().batch_quotas.get((model, sku))


def requests_per_k_tpm(*, model: str, sku: str) -> float | None:
    """Return requests per minute for each thousand tokens per minute; None where not known.

    It differs between models: 10 for gpt-5.1, 1 for gpt-5.1-codex. Where tiers or footnotes
    differ the lowest counts.
    """
    ratios = [quota.requests_per_k_tpm for quota in quotas(model) if quota.sku == sku]
    return min((ratio for ratio in ratios if ratio is not None), default=None)


def requests_per_minute(*, model: str, sku: str, k_tpm: int) -> int | None:
    """Return how many requests per minute come with a capacity; None where not known."""
    ratio = requests_per_k_tpm(model=model, sku=sku)
    return None if ratio is None else math.floor(ratio * k_tpm)


def ptu_parameters(model: str) -> PtuFacts | None:
    """Return the PTU sizing of a model; None where Microsoft gives none."""
    return facts().ptu.get(model)


def meter(model: str, sku: str) -> str:
    """Return Azure's usage name; provisioned limits count a SKU, not a model."""
    known = facts().types.get(sku)
    return f"OpenAI.{sku}" if known and known.billing == "ptu" else f"OpenAI.{sku}.{model}"


def conflicts(on: date) -> Disagreements:
    """Return where the sources disagree on a day."""
    return disagreements.disagreements_of(facts(), on)


def notes(model: str, on: date) -> list[str]:
    """Return the sentences about disagreements over a model, retired versions included."""
    known = facts()
    listed = [
        one
        for one in known.versions.get(model, ())
        if one.retired(on) and (model, one.version) in known.offers
    ]
    retired = [disagreements.retired_note(listed)] if listed else []
    return [*retired, *known.models[model].notes]
