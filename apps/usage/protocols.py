"""What passes between those who read usage and those who store it: columns, refusals, receipts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[Any]
UNKNOWN = -1  # in a column; NULL in the database
NOBODY = b"\0" * 16
OPTIONAL_COUNTS = (
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "audio_in_tokens",
    "audio_out_tokens",
    "images",
)
COUNTS = ("input_tokens", "output_tokens", *OPTIONAL_COUNTS)
MOST_TOKENS = 100_000_000  # of one call and class; far above any context window, far below 2³¹
AHEAD = timedelta(minutes=5)  # of our clock: clocks differ; a later call is in the future
MOST_MS = 86_400_000  # a day; no call lives longer


@dataclass(frozen=True)
class Events:
    """Columns of calls, equally long; −1 stands for "not known".

    `line` is the position in the file or body (from 1), for refusals. `event_id` and `end_user`
    are 16 raw bytes (V16; an end user of zeros is not known). `ts_us` is microseconds since
    1970 UTC. `input_tokens` includes cached, cache-write and audio input; `output_tokens`
    includes reasoning and audio output, as Azure counts them. `status` is HTTP's; `spillover` is
    0 or 1.
    """

    line: Column
    event_id: Column
    ts_us: Column
    workload_id: Column
    deployment_id: Column
    status: Column
    error_kind: Column
    spillover: Column
    end_user: Column
    input_tokens: Column
    output_tokens: Column
    cached_tokens: Column
    cache_write_tokens: Column
    reasoning_tokens: Column
    audio_in_tokens: Column
    audio_out_tokens: Column
    images: Column
    latency_ms: Column
    ttft_ms: Column

    def __len__(self) -> int:
        return len(self.ts_us)

    def take(self, rows: Column) -> "Events":
        """Return the rows of a mask or of positions."""
        return Events(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})

    def batches(self, size: int) -> Iterator["Events"]:
        """Cut into batches of at most `size` rows, in order."""
        for start in range(0, len(self), size):
            yield self.take(np.arange(start, min(start + size, len(self))))


@dataclass(frozen=True)
class Refused:
    """A row that was not stored: where it stood, what is wrong and what would pass, its text."""

    line: int
    reason: str
    text: str = ""


@dataclass(frozen=True)
class Receipt:
    """What became of a batch: received = inserted + duplicate + len(refused).

    `replayed` says that the whole batch had been received before; its counts are the stored ones.
    `evidence` counts inserted rows that are in no total, because another source bills the pair.
    """

    batch_id: int
    received: int
    inserted: int
    duplicate: int
    refused: Sequence[Refused] = ()
    replayed: bool = False
    evidence: int = 0
