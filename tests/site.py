"""The real processes of the portal, on the test's database: gunicorn and a Celery worker."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


def environment(**more: str) -> dict[str, str]:
    """Give a child the test's database, broker and sandbox, in demo mode."""
    params = connection.get_connection_params()
    query = {k: params[k] for k in ("host", "user", "password", "port") if params.get(k)}
    return {
        **os.environ,
        "DATABASE_URL": f"postgresql:///{params['dbname']}?{urlencode(query)}",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DJANGO_SECRET_KEY": "only-for-tests-" + "x" * 50,
        "PORTAL_EMBEDDED_DB": "1",
        "PORTAL_BIND_HOST": "127.0.0.1",
        "PORTAL_DB_POOL": "4",
        **more,
    }


@dataclass
class Process:
    """A child in its own process group; `log` is where it writes."""

    popen: subprocess.Popen[bytes]
    log: Path
    url: str = ""

    @classmethod
    def run(cls, *command: str, log: Path, **env: str) -> Self:
        """Start `python -m command` from the project's folder."""
        with log.open("ab") as out:
            popen = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=environment(**env),
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        return cls(popen, log)

    def kill(self) -> None:
        """End the whole group at once, as a machine that loses power."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, how)
            self.popen.wait(20)


def start_worker(folder: Path, *, name: str = "w1", **env: str) -> Process:
    """Start a real Celery worker and wait until it is ready."""
    log = folder / f"worker-{name}.log"
    worker = Process.run(
        *("celery", "-A", "portal", "worker", "-c", "2", "-n", f"{name}@test", "-l", "INFO"),
        "--without-gossip",
        "--without-mingle",
        log=log,
        **env,
    )
    until(lambda: b"ready" in log.read_bytes(), seconds=20, what=f"worker {name}", log=log)
    return worker


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start_site(folder: Path, **env: str) -> Process:
    """Start gunicorn on a free port and wait for its first answer."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    site = Process.run(
        *("gunicorn", "portal.wsgi", "-k", "gthread", "-w", "1", "--threads", "4"),
        *("-b", f"127.0.0.1:{port}"),
        log=folder / "web.log",
        PORTAL_BASE_URL=url,
        **env,
    )
    site.url = url
    until(
        lambda: site.popen.poll() is not None or _answers(url),
        seconds=20,
        what="the site",
        log=site.log,
    )
    if site.popen.poll() is not None:
        raise AssertionError(f"the site ended by itself\n{site.log.read_text()[-3000:]}")
    return site


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health/live", timeout=2):  # noqa: S310
            return True
    except (urllib.error.URLError, OSError):
        return False


def until(true: Any, *, seconds: float, what: str, log: Path | None = None) -> None:
    """Wait until `true()`; tell the end of `log` when it never comes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return
        time.sleep(0.05)
    tail = log.read_text(errors="replace")[-3000:] if log else ""
    raise AssertionError(f"{what} did not come within {seconds} s\n{tail}")
