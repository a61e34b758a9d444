"""Static files as they are collected, each beside a compressed copy that WhiteNoise serves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from whitenoise.storage import CompressedStaticFilesStorage


class StaticStorage(CompressedStaticFilesStorage):  # type: ignore[misc]  # untyped
    """Compress what is new or changed: a warm start has nothing to do.

    Only static files are compressed, never a page: a page holds secrets beside what its address
    says, and its length would tell them (BREACH).
    """

    def post_process(self, paths: dict[str, Any], *how: Any, **options: Any) -> Iterator[Any]:
        """Make the compressed copies that are missing or old."""
        new = {name: found for name, found in paths.items() if not self._is_done(name)}
        yield from super().post_process(new, *how, **options)

    def _is_done(self, name: str) -> bool:
        """Say whether the copy is of this file: the compressor gives both the same time."""
        file = Path(self.path(name))
        copy = file.with_name(f"{file.name}.gz")
        return copy.exists() and int(copy.stat().st_mtime) == int(file.stat().st_mtime)
