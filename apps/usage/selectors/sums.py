"""What is added up of calls, and what follows from the sums; unknown is None, never 0."""

from collections.abc import Iterable
from operator import add, sub
from typing import NamedTuple


class Sums(NamedTuple):
    """Additive columns of a rollup; `…_known` count the calls of which a source said it.

    A tuple, for there are thousands in an answer.
    """

    requests: int = 0
    errors: int = 0
    throttled: int = 0
    unpriced: int = 0
    spilled: int = 0
    spill_known: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cached_known: int = 0
    cached_base: int = 0
    cache_write_tokens: int = 0
    cache_write_known: int = 0
    reasoning_tokens: int = 0
    reasoning_known: int = 0
    audio_in_tokens: int = 0
    audio_in_known: int = 0
    audio_out_tokens: int = 0
    audio_out_known: int = 0
    images: int = 0
    images_known: int = 0
    list_cost_nano: int = 0
    latency_known: int = 0
    latency_sum_ms: int = 0
    ttft_known: int = 0
    ttft_sum_ms: int = 0
    written_tokens: int = 0
    writing_ms: int = 0

    def __add__(self, other: "Sums") -> "Sums":  # type: ignore[override]  # not one after the other
        return Sums(*map(add, self, other))

    def __sub__(self, other: "Sums") -> "Sums":
        return Sums(*map(sub, self, other))

    @property
    def tokens(self) -> int:
        """Return input and output tokens together."""
        return self.input_tokens + self.output_tokens

    @property
    def cost_nano(self) -> int | None:
        """Return the list cost of what is priced; None where there are calls and none is."""
        return None if self.requests and self.unpriced == self.requests else self.list_cost_nano

    @property
    def error_share(self) -> float | None:
        """Return failed calls, 429 included, as a share of all."""
        return self.errors / self.requests if self.requests else None

    @property
    def throttled_share(self) -> float | None:
        """Return 429 answers as a share of all calls."""
        return self.throttled / self.requests if self.requests else None

    @property
    def cached_share(self) -> float | None:
        """Return cached input as a share of the input of calls of which it is known."""
        return self.cached_tokens / self.cached_base if self.cached_base else None

    @property
    def cached(self) -> int | None:
        """Return cached input tokens, None where no source told of them."""
        return self.told("cached_tokens")

    def told(self, name: str) -> int | None:
        """Return one of OPTIONAL_COUNTS, None where no source told of it."""
        known = getattr(self, f"{name.removesuffix('_tokens')}_known")
        return getattr(self, name) if known else None

    @property
    def tokens_per_s(self) -> float | None:
        """Return output tokens per second after the first token."""
        return 1000 * self.written_tokens / self.writing_ms if self.writing_ms else None


NAMES = Sums._fields


def added(every: Iterable[Sums]) -> Sums:
    """Add up; nothing adds up to zero calls."""
    return Sums(*map(sum, zip(*every, strict=True)))
