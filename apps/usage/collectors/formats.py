"""What a usage file has in it: its columns and their names, and how a refusal quotes them."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.kernel.errors import PortalError
from apps.usage.protocols import COUNTS, MOST_MS, MOST_TOKENS, OPTIONAL_COUNTS, Refused

REQUIRED = ("ts", "input_tokens", "output_tokens")
TEXTS = ("error_kind", "end_user", "workload", "deployment")
OURS = (*REQUIRED, *OPTIONAL_COUNTS, "latency_ms", "ttft_ms", "status", "is_spillover", *TEXTS)
RANGES = {
    **dict.fromkeys(COUNTS, (0, MOST_TOKENS)),
    "latency_ms": (0, MOST_MS),
    "ttft_ms": (0, MOST_MS),
    "status": (100, 599),
}
MOST_QUOTED = 60


@dataclass(frozen=True)
class Format:
    """A kind of file; `columns` maps the file's names to ours.

    `space` begins the event ids: files that say the same in another encoding share it, so that a
    table sent as CSV and again as Parquet counts once. `zone` is added to times that have none.
    """

    name: str
    space: str
    columns: Mapping[str, str] = field(default_factory=lambda: dict(zip(OURS, OURS, strict=True)))
    zone: str = ""
    time: str = "A time with its zone, such as 2026-11-16T18:43:00Z,"

    def check(self, names: Sequence[str]) -> None:
        """Refuse a file whose columns are not these: an unknown one, one twice, one missing."""
        known = ", ".join(self.columns)
        for name in names:
            if name not in self.columns:
                raise nothing_taken(f"The column {in_text(name)} is unknown. Known: {known}.")
            if names.count(name) > 1:
                raise nothing_taken(f"The column {in_text(name)} is there twice. Once would pass.")
        for name, ours in self.columns.items():
            if ours in REQUIRED and name not in names:
                needed = ", ".join(said for said, one in self.columns.items() if one in REQUIRED)
                raise nothing_taken(f"The column “{name}” is missing. Needed: {needed}.")


TRACE = Format(
    "azure-llm-trace",
    space="azure-llm-trace",
    columns={
        "TIMESTAMP": "ts",
        "ContextTokens": "input_tokens",
        "GeneratedTokens": "output_tokens",
    },
    zone="Z",
    time="A time such as 2023-11-16 18:15:46.6805900",
)
CSV, NDJSON, PARQUET = (Format(name, space="calls") for name in ("csv", "ndjson", "parquet"))
FORMATS = {one.name: one for one in (TRACE, CSV, NDJSON, PARQUET)}


@dataclass(frozen=True)
class Block:
    """Some rows of a file, by column under our names; None is a cell that says nothing.

    A number is an int where it is a whole one, else what stood there. `text` and `quote` show a
    row and a value as the file has them. `refused` are the lines that are no rows at all.
    """

    line: Sequence[int]
    values: Mapping[str, Sequence[Any]]
    text: Callable[[int], str]
    quote: Callable[[Any], str]
    refused: Collection[Refused]


def nothing_taken(sentence: str) -> PortalError:
    """Make the refusal of a whole file; `sentence` says what is wrong and what would pass."""
    return PortalError(f"{sentence} Nothing was taken.")


def in_text(value: str | int) -> str:
    """Quote a cell, shortened, its control characters escaped."""
    return f"“{_short(json.dumps(str(value), ensure_ascii=False)[1:-1])}”"


def in_json(value: Any) -> str:
    """Write a value as JSON does, shortened, so that a text and a number differ."""
    return _short(json.dumps(value, ensure_ascii=False, default=str))


def _short(text: str) -> str:
    return text if len(text) <= MOST_QUOTED else f"{text[:MOST_QUOTED]}…"
