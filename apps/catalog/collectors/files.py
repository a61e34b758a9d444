"""Where each fact comes from, and how the data files are read and written."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str]
DATA = Path(__file__).resolve().parents[1] / "data"


@dataclass(frozen=True, slots=True)
class Source:
    """A source as every row names it: a title and the day it speaks for (ISO)."""

    source: str
    as_of: str

    def stamp(self, row: Row) -> Row:
        """Return the row with its source and date at the end."""
        return row | {"source": self.source, "as_of": self.as_of}


# The tables were collected June to August 2026; the last day of that span is the date given.
REGIONS = Source("Microsoft Learn, model and region availability", "2026-08-31")
RETIREMENTS = Source("Microsoft Learn, model retirements", "2026-08-31")
PTU = Source("Microsoft Learn, PTU sizing", "2026-08-31")
BATCH = Source("Microsoft Learn, batch quota", "2026-08-31")
# Each tier's page has its own date (`doc_date`), which replaces this one.
QUOTAS = Source("Microsoft Learn, quotas and limits", "2026-08-20")
RETAIL = Source("Azure Retail Prices", "2025-11-30")
# The price map carries no date of its own: the day it was read.
PRICE_MAP = Source("LiteLLM price map 1.109.1", "2026-11-23")

COLUMNS = {
    "regions": ("name", "display_name", "geography", "data_zone"),
    "models": ("name", "provider", "format", "context_tokens", "max_output_tokens", "task"),
    "versions": ("model", "version", "lifecycle", "retires_on", "replacement"),
    "availability": ("deployment_type", "region", "model", "version"),
    "quotas": ("model", "deployment_type", "tier", "tpm", "requests", "window_s", "note"),
    "ptu": (
        "model",
        "scope",
        "minimum_ptu",
        "increment_ptu",
        "input_tpm_per_ptu",
        "output_ratio",
        "latency_target",
    ),
    "batch_quotas": ("model", "deployment_type", "subscription", "enqueued_tokens"),
    "prices": (
        "model",
        "version",
        "deployment_type",
        "region",
        "token_class",
        "usd_per_1m",
        "usd_per_ptu_hour",
        "effective_on",
        "meter",
    ),
    "second_opinions": ("model", "scope", "token_class", "usd_per_1m", "verdict"),
}


def parse(content: str) -> list[Row]:
    """Return the rows of a CSV text."""
    return list(csv.DictReader(io.StringIO(content, newline="")))


def read(path: Path) -> list[Row]:
    """Return the rows of a CSV file."""
    return parse(path.read_text(encoding="utf-8"))


def text(name: str, rows: Iterable[Row]) -> str:
    """Return one data file's text: rows sorted by their own columns, each fact once."""
    columns = (*COLUMNS[name], "source", "as_of")
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(sorted({tuple(row[column] for column in columns) for row in rows}))
    return buffer.getvalue()
