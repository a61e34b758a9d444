"""A database and a broker for one run of tests or benchmarks, gone when it ends."""

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


@contextmanager
def throw_away() -> Iterator[dict[str, str]]:
    """Start fresh services and yield the environment that names them.

    Nothing of a real installation shines through: settings for Azure, database, broker and the
    .env file are left out.
    """
    with tempfile.TemporaryDirectory(prefix="portal-") as folder:
        home = Path(folder)
        home.chmod(0o711)  # as root, the database runs as somebody else
        postgres, valkey = Postgres(home / "postgres", durable=False), Valkey(home / "valkey")
        started = []
        try:
            for server in (postgres, valkey):
                part = server.part()
                log = home / f"{part.name}.log"
                child = start(part, env=dict(os.environ), log=log)
                started.append((child, part.stop_signal))
            _wait(postgres, valkey, home)
            yield _clean(dict(os.environ)) | {
                "DATABASE_URL": postgres.url,
                "CELERY_BROKER_URL": valkey.url,
                "DJANGO_SETTINGS_MODULE": "portal.settings",
                "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
                "PORTAL_READ_ENV_FILE": "0",
            }
        finally:
            known = [Known(c.pid, birth(c.pid) or "", stop) for c, stop in started]
            end(known, grace_s=20)
            for child, _ in started:
                child.wait()


def _clean(env: dict[str, str]) -> dict[str, str]:
    foreign = ("AZURE_", "PORTAL_", "DJANGO_", "DATABASE_", "CELERY_")
    kept = ("PORTAL_PG_BIN", "PORTAL_VALKEY_BIN", "PORTAL_CI")
    return {k: v for k, v in env.items() if k in kept or not k.startswith(foreign)}


def _wait(postgres: Postgres, valkey: Valkey, home: Path) -> None:
    until = time.monotonic() + 60
    for server in (postgres, valkey):
        while not server.ready():
            if time.monotonic() > until:
                log = (home / f"{server.part().name}.log").read_text(errors="replace")
                raise Trouble(f"{server.part().name} did not get ready:\n{log[-2000:]}")
            time.sleep(0.05)
