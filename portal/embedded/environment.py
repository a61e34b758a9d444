"""The settings every process of the portal gets: real environment, then .env, then embedded."""

import os
import secrets

import environ

from portal.embedded import ROOT, VAR
from portal.embedded.places import own_dir
from portal.embedded.postgres import Postgres
from portal.embedded.sandbox import Sandbox
from portal.embedded.valkey import Valkey


class Embedded:
    """What this machine provides because no setting names something else."""

    def __init__(self) -> None:
        if (ROOT / ".env").exists():
            environ.Env.read_env(ROOT / ".env")  # never over the real environment
        self.bind_host = os.environ.get("PORTAL_BIND_HOST") or "127.0.0.1"
        self.postgres = None if os.environ.get("DATABASE_URL") else Postgres(VAR / "postgres")
        self.valkey = None if os.environ.get("CELERY_BROKER_URL") else Valkey(VAR / "valkey")
        azure = os.environ.get("AZURE_SUBSCRIPTION_ID")
        self.sandbox = None if azure else Sandbox(VAR / "azure-sandbox")

    def environment(self, *, port: int) -> dict[str, str]:
        """Return the whole environment of a child.

        Whether database and Azure are embedded is said here and never taken from outside: demo
        people depend on it.
        """
        env = {
            "PYTHONUNBUFFERED": "1",
            "PORTAL_BIND_HOST": self.bind_host,
            "PORTAL_BASE_URL": f"http://{self.bind_host}:{port}",
            "PORTAL_STATIC_ROOT": str(VAR / "static"),
        } | {name: value for name, value in os.environ.items() if value}
        env |= {
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PORTAL_EMBEDDED_DB": "1" if self.postgres else "0",
            "PORTAL_AZURE_SANDBOX": "1" if self.sandbox else "0",
        }
        if "DJANGO_SECRET_KEY" not in env:
            env["DJANGO_SECRET_KEY"] = _secret_key()
        if self.postgres:
            env["DATABASE_URL"] = self.postgres.url
        if self.valkey:
            env["CELERY_BROKER_URL"] = self.valkey.url
        if self.sandbox:
            env |= self.sandbox.environment()
        return env


def _secret_key() -> str:
    """Return a reference to var/secret-key, generated once."""
    path = own_dir(VAR, mode=0o755) / "secret-key"
    if not path.exists():
        half = path.with_suffix(".new")
        half.touch(mode=0o600)
        half.write_text(secrets.token_urlsafe(50))
        half.rename(path)
    return f"file:{path}"
