"""Who runs here, and how it goes: a lock the kernel frees at any death, and var/run/status.json."""

import fcntl
import json
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
    sign_ins: str = ""
    parts: dict[str, Known] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=dict)

    def write(self) -> None:
        """Replace the file in one step, readable by its owner only: it may hold demo sign-ins."""
        half = RUN / "status.new"
        half.touch(mode=0o600)
        half.write_text(json.dumps(asdict(self), indent=1))
        half.rename(RUN / "status.json")


def read_status() -> Status | None:
    """Return what the last supervisor wrote; it may be long dead (see `held_for`)."""
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


def held_for() -> str:
    """Tell what holds the lock (`up` or the name of another command), empty if nothing does."""
    with _open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            return file.read() or "another command"
    return ""


@contextmanager
def hold(purpose: str, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock on var/ for `purpose`; the kernel frees it even after kill -9."""
    with _open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise Trouble(
                f"portalctl.py {held_for()} is at work in {VAR}: try again later."
            ) from None
        file.truncate(0)
        file.write(purpose)
        file.flush()
        yield


def running() -> Status | None:
    """Return the status of the supervisor that runs now, if one does."""
    return read_status() if held_for() == "up" else None
