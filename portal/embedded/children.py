"""Child processes: started so that none outlives its supervisor, known by pid and birth."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from portal.embedded import ROOT

PR_SET_PDEATHSIG = 1
PROC = Path("/proc")


@dataclass(frozen=True)
class Part:
    """Describe one process of the portal: what runs, as whom, and which signal ends it in peace."""

    name: str
    argv: list[str]
    user: str | None = None
    cwd: Path = ROOT
    stop_signal: signal.Signals = signal.SIGTERM
    fds: tuple[int, ...] = ()
    before: Callable[[], None] = field(default=lambda: None, compare=False)


@dataclass(frozen=True)
class Known:
    """Name a process for good: a reused pid has another birth."""

    pid: int
    born: str
    stop_signal: int = signal.SIGTERM
    since: float = 0.0  # of the wall clock, when we started it

    def lives(self) -> bool:
        """Say whether this very process still runs; a zombie does not."""
        return birth(self.pid) == self.born


def birth(pid: int) -> str | None:
    """Tell when the process `pid` was born, None if it is dead or a zombie."""
    if (PROC / "self").exists():
        try:
            state, *rest = (PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return None
        return None if state in "ZX" else rest[18]  # starttime, field 22 of proc(5)
    found = subprocess.run(  # macOS
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split(maxsplit=1)
    return found[1].strip() if found and not found[0].startswith("Z") else None


def start(part: Part, *, env: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start `part` in a session of its own, its output appended to `log`.

    On Linux the kernel sends it the stop signal when this process dies, kill -9 included: a second
    Valkey beside a forgotten first one would share its append-only file.
    """
    part.before()
    with log.open("ab") as out:
        return subprocess.Popen(
            part.argv,
            env=env,
            cwd=part.cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=part.fds,
            preexec_fn=_die_with_parent(part.stop_signal),  # one thread
            user=part.user,
            group=pwd.getpwnam(part.user).pw_gid if part.user else None,
            extra_groups=[] if part.user else None,
        )


def _die_with_parent(stop_signal: int) -> Callable[[], None] | None:
    """Return the hook for the child; it runs after the change of user, which would clear it."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def hook() -> None:
        prctl(PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return hook


def end(processes: Iterable[Known], *, grace_s: float) -> None:
    """Send each its stop signal, wait, and kill with its group what is left after `grace_s`."""
    living = [p for p in processes if p.lives()]
    for process in living:
        _kill(process.pid, process.stop_signal)
    until = time.monotonic() + grace_s
    while (left := [p for p in living if p.lives()]) and time.monotonic() < until:
        time.sleep(0.05)
    for process in left:
        _kill(process.pid, signal.SIGKILL)
    for process in living:
        kill_group(process.pid)
    while any(p.lives() for p in left):
        time.sleep(0.05)


def kill_group(pid: int) -> None:
    """Kill what a dead session leader left behind, such as the pool of a killed Celery worker."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
