"""The facts as the other chapters see them: plain values, no rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

SOON_DAYS = 90


@dataclass(frozen=True, slots=True)
class RegionFacts:
    """An Azure region; `data_zone` is EU, US or empty."""

    name: str
    display_name: str
    geography: str
    data_zone: str


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """A deployment type; `unit` is that of its capacity (K TPM, PTU, K enqueued tokens)."""

    sku: str
    label: str
    scope: Literal["global", "datazone", "regional"]
    billing: Literal["tokens", "ptu", "batch"]
    unit: str
    help: str


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model; unknown limits are None, `notes` say where sources disagree about it."""

    name: str
    provider: str
    format: str
    context_tokens: int | None
    max_output_tokens: int | None
    task: str
    task_label: str
    source: str
    as_of: date
    notes: Sequence[str] = ()

    @property
    def context_k(self) -> int | None:
        """Return the most input tokens of one call, in thousands."""
        return None if self.context_tokens is None else round(self.context_tokens / 1000)

    @property
    def max_output_k(self) -> int | None:
        """Return the most output tokens of one call, in thousands."""
        return None if self.max_output_tokens is None else round(self.max_output_tokens / 1000)


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """A version of a model and when it goes; None where no date is known."""

    model: str
    version: str
    lifecycle: str
    retires_on: date | None
    replacement: str
    source: str
    as_of: date

    def retired(self, on: date) -> bool:
        """Say whether it is gone on a day; the date wins over Microsoft's word."""
        if self.retires_on is None:
            return self.lifecycle == "Retired"
        return self.retires_on <= on

    def ends_soon(self, on: date) -> bool:
        """Say whether it is still there, for less than 90 days."""
        return (
            not self.retired(on)
            and self.retires_on is not None
            and (self.retires_on - on).days < SOON_DAYS
        )


@dataclass(frozen=True, slots=True)
class PriceFacts:
    """List prices in force: nano-USD per 1 M tokens by class, or per PTU and hour."""

    price_set_id: int
    per_1m_nano: Mapping[str, int]
    ptu_hour_nano: int | None
    effective_on: date
    ends_on: date | None
    source: str
    as_of: date


@dataclass(frozen=True, slots=True)
class QuotaFacts:
    """A limit of one tier; `tpm` is None where Microsoft limits requests alone."""

    sku: str
    tier: int
    tpm: int | None
    requests: int
    window_s: int
    note: str
    source: str
    as_of: date

    @property
    def k_tpm(self) -> int | None:
        """Return the limit in thousands of tokens per minute."""
        return None if self.tpm is None else self.tpm // 1000

    @property
    def requests_per_k_tpm(self) -> float | None:
        """Return requests per minute that come with each thousand tokens per minute."""
        if not self.tpm:
            return None
        return self.requests * 60 / self.window_s / (self.tpm / 1000)


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """Enqueued tokens of a batch type by kind of subscription."""

    tokens: Mapping[str, int]
    source: str
    as_of: date


@dataclass(frozen=True, slots=True)
class PtuFacts:
    """PTU sizing; None where Microsoft offers no such scope. Global counts for Data Zone too."""

    min_global: int | None
    increment_global: int | None
    min_regional: int | None
    increment_regional: int | None
    input_tpm_per_ptu: int
    output_ratio: int | None
    latency_target: str
    source: str
    as_of: date


@dataclass(frozen=True, slots=True)
class OpinionFacts:
    """What another source says a token class costs; `differs` from Azure, or Azure is silent."""

    scope: str
    token_class: str
    per_1m_nano: int
    differs: bool
    source: str
    as_of: date


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """One residency rule."""

    data_class: str
    scope: str
    geography: str
    allowed: bool
    why: str


PriceKey = tuple[str, str, str, str]


@dataclass(frozen=True)
class Facts:
    """Everything at one revision of the catalogue.

    Prices are keyed by model, version, sku, region; PTU hours have an empty model.
    """

    models: Mapping[str, ModelFacts] = field(default_factory=dict)
    versions: Mapping[str, Sequence[VersionFacts]] = field(default_factory=dict)
    types: Mapping[str, TypeFacts] = field(default_factory=dict)
    regions: Mapping[str, RegionFacts] = field(default_factory=dict)
    offers: Mapping[tuple[str, str], frozenset[tuple[str, str]]] = field(default_factory=dict)
    quotas: Mapping[str, Sequence[QuotaFacts]] = field(default_factory=dict)
    batch_quotas: Mapping[tuple[str, str], BatchFacts] = field(default_factory=dict)
    ptu: Mapping[str, PtuFacts] = field(default_factory=dict)
    prices: Mapping[PriceKey, Sequence[PriceFacts]] = field(default_factory=dict)
    price_source: tuple[str, date] = ("no price source", date.min)
    opinions: Mapping[str, Sequence[OpinionFacts]] = field(default_factory=dict)
    rules: Mapping[tuple[str, str, str], RuleFacts] = field(default_factory=dict)
