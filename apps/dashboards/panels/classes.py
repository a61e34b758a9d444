"""Tokens by class: what was counted, and of how many calls no source told it."""

from dataclasses import dataclass

from apps.dashboards.panels.table import File
from apps.usage import selectors as usage

CLASSES = {  # parts are in input and output already
    "input_tokens": "Input",
    "cached_tokens": "of it cached",
    "cache_write_tokens": "of it written to the cache",
    "audio_in_tokens": "of it audio",
    "output_tokens": "Output",
    "reasoning_tokens": "of it reasoning",
    "audio_out_tokens": "of it audio",
    "images": "Images",
}
ALWAYS_TOLD = ("input_tokens", "output_tokens")


@dataclass(frozen=True)
class Counted:
    """One class: its tokens, None where no source told any, and the calls that were silent."""

    name: str
    tokens: int | None
    silent: int

    @property
    def label(self) -> str:
        """Return what the page calls it."""
        return CLASSES[self.name]


def classes(sums: usage.Sums) -> list[Counted]:
    """Count each class."""
    return [_counted(sums, name) for name in CLASSES]


def file(sums: usage.Sums) -> File:
    """Make the same as a file; what is not known is empty."""
    rows = [(one.name, one.tokens, sums.requests - one.silent, one.silent) for one in classes(sums)]
    return File("usage-classes.csv", ("class", "counted", "calls_told", "calls_silent"), rows)


def _counted(sums: usage.Sums, name: str) -> Counted:
    if name in ALWAYS_TOLD:
        return Counted(name, getattr(sums, name), 0)
    known: int = getattr(sums, f"{name.removesuffix('_tokens')}_known")
    return Counted(name, sums.told(name), sums.requests - known)
