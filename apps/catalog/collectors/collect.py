"""All tables of the catalogue from one directory of collected sources."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from apps.catalog.collectors import files, retail
from apps.catalog.collectors.docs import Docs
from apps.catalog.collectors.files import Row
from apps.catalog.collectors.price_map import PriceMap

RETAIL_FILES = (
    "azure_retail_openai_8regions_2025-11.csv",
    "azure_retail_openai_ptu_allregions_2025-11.csv",
)


@dataclass(frozen=True, slots=True)
class Collected:
    """The rows by table name, and what was left out and why."""

    tables: dict[str, list[Row]]
    refused: Counter[tuple[str, str]]
    left_out: dict[str, list[str]]


def collect(directory: Path) -> Collected:
    """Read every source below `directory`; raise FileNotFoundError where one is missing."""
    docs, price_map = Docs(directory), PriceMap(directory)
    regions = list(docs.region_rows())
    meters = [row for name in RETAIL_FILES for row in files.read(directory / "prices" / name)]
    prices = retail.read_prices(meters, docs.versions_of(), {row["name"] for row in regions})
    return Collected(
        tables={
            "regions": regions,
            "models": list(price_map.model_rows(docs.models)),
            "versions": list(docs.version_rows()),
            "availability": list(docs.availability_rows()),
            "quotas": list(docs.quota_rows()),
            "ptu": list(docs.ptu_rows()),
            "batch_quotas": list(docs.batch_rows()),
            "prices": prices.rows,
            "second_opinions": list(price_map.opinion_rows(docs.models, prices.rows)),
        },
        refused=prices.refused,
        left_out=docs.left_out(),
    )
