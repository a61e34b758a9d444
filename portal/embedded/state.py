"""Who runs here, and how it goes: a lock the kernel frees at any death, and var/run/status.json."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from portal.embedded import VAR, Trouble
from portal.embedded.children import Known
from portal.embedded.places import own_dir

RUN, LOG = VAR / "run", VAR / "log"


@dataclass
class Status:
    """Say what the supervisor knows: its phase, the address, and each part's process."""

    pid: int
    phase: str  # starting, ready, stopping, failed
    url: str
    host: str
    port: int
    step: str = ""
    trouble: str = ""
    parts: dict[str, Known] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=dict)

    def write(self) -> None:
        """Replace var/run/status.json."""
        write_privately("status.json", json.dumps(asdict(self), indent=1))


def write_privately(name: str, text: str) -> None:
    """Replace a file of var/run in one step, readable by its owner only."""
    half = RUN / f"{name}.new"
    half.touch(mode=0o600)
    half.write_text(text)
    half.rename(RUN / name)


def read_status() -> Status | None:
    """Return what the last supervisor wrote; it may be long dead."""
    try:
        found = json.loads((RUN / "status.json").read_text())
        found["parts"] = {name: Known(**known) for name, known in found["parts"].items()}
        return Status(**found)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _open() -> IO[str]:
    own_dir(VAR, mode=0o755)
    own_dir(RUN)
    own_dir(LOG)
    return Path(RUN / "lock").open("a+")


@dataclass(frozen=True)
class Holder:
    """Name the command that holds the lock on var/ now."""

    purpose: str
    pid: int


def holder() -> Holder | None:
    """Tell who holds the lock, None if nobody does."""
    with _open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            purpose, _, pid = file.read().partition(" ")
            return Holder(purpose or "another command", int(pid or 0))
    return None


@contextmanager
def hold(purpose: str, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock on var/ for `purpose`; the kernel frees it even after kill -9."""
    with _open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise Trouble("Another portalctl.py is at work here: try again later.") from None
        file.truncate(0)
        file.write(f"{purpose} {os.getpid()}")
        file.flush()
        yield


def running() -> Status | None:
    """Return the status of the supervisor that runs now, if one does."""
    held, status = holder(), read_status()
    return status if held and status and held == Holder("up", status.pid) else None
