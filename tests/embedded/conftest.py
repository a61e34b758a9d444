"""An installation of its own: a copy of this checkout that shares only the virtual environment."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.embedded import ROOT
from portal.embedded.children import PROC
from portal.embedded.lent import bare_environment
from portal.embedded.postgres import Postgres

CODE = ("portal", "apps", "templates", "static", "manage.py", "portalctl.py", ".env.example")


class Installation:
    """A checkout in which portalctl.py is run as a user would."""

    def __init__(self, root: Path) -> None:
        self.root, self.port = root, free_port()
        for name in (*CODE, "requirements.txt", "requirements-dev.txt"):
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, root / name)
        (root / ".venv").symlink_to(sys.prefix)

    def call(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run portalctl.py to its end."""
        return subprocess.run(
            [sys.executable, "portalctl.py", *words],
            cwd=self.root,
            env=bare_environment() | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=150,
            check=False,
        )

    def up(self) -> subprocess.CompletedProcess[str]:
        """Bring it up on its own port."""
        return self.call("up", "--detach", "--port", str(self.port))

    @property
    def database(self) -> str:
        """The address of its embedded database."""
        return Postgres(self.root / "var/postgres").url

    def processes(self) -> list[str]:
        """The command lines of whatever runs from this installation."""
        marks = (str(self.root), Postgres(self.root / "var/postgres").cluster)
        found = []
        for entry in PROC.glob("[0-9]*"):
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                home = os.readlink(entry / "cwd")
            except OSError:
                continue
            if line and (home.startswith(marks[0]) or any(mark in line for mark in marks)):
                found.append(line)
        return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(check: Callable[[], object], *, seconds: float = 30) -> None:
    """Wait until `check` holds."""
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("portal"))
    yield made
    made.call("reset", "--yes")
