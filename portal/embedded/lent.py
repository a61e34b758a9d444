"""Servers lent for the length of one command, and the throw-away pair for tests."""

import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.embedded import Trouble
from portal.embedded.children import Known, birth, end, start
from portal.embedded.postgres import Postgres
from portal.embedded.valkey import Valkey

READY_WITHIN_S = 60


@contextmanager
def lend(*servers: Postgres | Valkey, logs: Path) -> Iterator[None]:
    """Start `servers`, wait until they answer, and end them afterwards, whatever happens."""
    started = []
    try:
        for server in servers:
            part = server.part()
            child = start(part, env=dict(os.environ), log=logs / f"{part.name}.log")
            started.append((child, Known(child.pid, birth(child.pid) or "", part.stop_signal)))
        until = time.monotonic() + READY_WITHIN_S
        for server, (child, _) in zip(servers, started, strict=True):
            while not server.ready():
                if child.poll() is not None or time.monotonic() > until:
                    words = (logs / f"{server.part().name}.log").read_text(errors="replace")
                    raise Trouble(f"{server.part().name} did not get ready:\n{words[-2000:]}")
                time.sleep(0.05)
        yield
    finally:
        end([known for _, known in reversed(started)], grace_s=20)
        for child, _ in started:
            child.wait()


@contextmanager
def throw_away() -> Iterator[dict[str, str]]:
    """Lend a fresh database and broker, and yield the environment that names them.

    Nothing of a real installation shines through: other settings of the portal, Azure's and the
    .env file are left out.
    """
    with tempfile.TemporaryDirectory(prefix="portal-") as folder:
        home = Path(folder)
        home.chmod(0o711)  # as root, the database runs as somebody else
        postgres, valkey = Postgres(home / "postgres", durable=False), Valkey(home / "valkey")
        with lend(postgres, valkey, logs=home):
            yield bare_environment() | {
                "DATABASE_URL": postgres.url,
                "CELERY_BROKER_URL": valkey.url,
                "DJANGO_SETTINGS_MODULE": "portal.settings",
                "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
                "PORTAL_READ_ENV_FILE": "0",
            }


def bare_environment() -> dict[str, str]:
    """Return this process's environment without anything that sets the portal up."""
    settings = ("AZURE_", "PORTAL_", "DJANGO_", "DATABASE_", "CELERY_", "ALLOWED_")
    kept = ("PORTAL_PG_BIN", "PORTAL_VALKEY_BIN", "PORTAL_CI")
    return {k: v for k, v in os.environ.items() if k in kept or not k.startswith(settings)}
