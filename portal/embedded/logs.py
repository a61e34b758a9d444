"""Show the parts' log files, and follow them while they are written and shortened."""

import time
from collections.abc import Callable
from pathlib import Path

from portal.embedded import Trouble
from portal.embedded.state import LOG


def logs(*, name: str | None, follow: bool, lines: int) -> int:
    """Print the last `lines` of one part's log or of all, and what follows until Ctrl-C."""
    files = sorted(LOG.glob("*.log"))
    if name:
        known = ", ".join(file.stem for file in files) or "none yet"
        files = [file for file in files if file.stem == name]
        if not files:
            raise Trouble(f"There is no log named {name}. There are: {known}.")
    try:
        show(files, lines=lines, while_=lambda: follow)
    except KeyboardInterrupt:
        print()
    return 0


def show(files: list[Path], *, lines: int, while_: Callable[[], bool]) -> None:
    """Print the last `lines` of each file, then whatever is appended as long as `while_` holds.

    A file that got shorter was rotated and is read from its start.
    """
    width = max((len(file.stem) for file in files), default=0)
    read = {}
    for file in files:
        text = file.read_bytes()
        read[file] = len(text)
        _print(file, text.decode(errors="replace").splitlines()[-lines:] if lines else [], width)
    while while_():
        for file in files:
            size = file.stat().st_size
            if size != read[file]:
                with file.open("rb") as source:
                    source.seek(read[file] if size > read[file] else 0)
                    whole, newline, begun = source.read().rpartition(b"\n")
                    read[file] = source.tell() - len(begun)
                _print(file, (whole + newline).decode(errors="replace").splitlines(), width)
        time.sleep(0.3)


def _print(file: Path, lines: list[str], width: int) -> None:
    for line in lines:
        print(f"{file.stem:<{width}} | {line}", flush=True)
