"""What may be asked for, where, until when and at what list price.

Facts are the same for everybody, so these selectors take no viewer.
"""

from apps.catalog.selectors.disagreements import Disagreements
from apps.catalog.selectors.facts import (
    ModelFacts,
    PriceFacts,
    PtuFacts,
    QuotaFacts,
    RegionFacts,
    TypeFacts,
    VersionFacts,
)
from apps.catalog.selectors.life import Life, life, life_of, newest
from apps.catalog.selectors.offers import (
    availability,
    batch_quotas,
    conflicts,
    deployment_types,
    meter,
    models,
    notes,
    ptu_parameters,
    quotas,
    regions,
    requests_per_k_tpm,
    requests_per_minute,
    version,
    versions,
)
from apps.catalog.selectors.prices import (
    Opinion,
    PriceLine,
    opinions,
    price_in_force,
    price_lines,
    price_set,
    price_source,
)
from apps.catalog.selectors.residency import (
    Residency,
    RuleRow,
    data_classes,
    residency,
    residency_table,
)
from apps.catalog.selectors.sheet import Sheet, model_sheet
from apps.catalog.selectors.snapshot import one_revision

__all__ = [
    "Disagreements",
    "Life",
    "ModelFacts",
    "Opinion",
    "PriceFacts",
    "PriceLine",
    "PtuFacts",
    "QuotaFacts",
    "RegionFacts",
    "Residency",
    "RuleRow",
    "Sheet",
    "TypeFacts",
    "VersionFacts",
    "availability",
    "batch_quotas",
    "conflicts",
    "data_classes",
    "deployment_types",
    "life",
    "life_of",
    "meter",
    "model_sheet",
    "models",
    "newest",
    "notes",
    "one_revision",
    "opinions",
    "price_in_force",
    "price_lines",
    "price_set",
    "price_source",
    "ptu_parameters",
    "quotas",
    "regions",
    "requests_per_k_tpm",
    "requests_per_minute",
    "residency",
    "residency_table",
    "version",
    "versions",
]
