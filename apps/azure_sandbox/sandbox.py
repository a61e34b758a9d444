"""The sandbox itself: its state, facts, settings and clock, shared by all handlers."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from apps.azure_sandbox.facts import Facts
from apps.azure_sandbox.store import Store

Json = dict[str, Any]

TENANT = "00000000-0000-4000-8000-000000000001"
CLIENT = "00000000-0000-4000-8000-000000000002"
PRINCIPAL = "00000000-0000-4000-8000-000000000003"
SUBSCRIPTIONS = {
    "prod": "00000000-0000-4000-8000-000000000101",
    "nonprod": "00000000-0000-4000-8000-000000000102",
}


@dataclass
class Call:
    """One request after HTTP: the path keeps its spelling, query keys are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    body: Json | None
    headers: dict[str, str]

    @property
    def api_version(self) -> str:
        """The api-version the client asked for."""
        return self.query.get("api-version", "")

    def content(self) -> Json:
        """Give the body, or an empty one."""
        return self.body or {}


@dataclass
class Reply:
    """One answer before HTTP."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Sandbox:
    """Everything a handler needs. All access goes through `lock`."""

    def __init__(self, folder: Path, facts: Facts, url: str = "") -> None:
        self.folder, self.facts, self.url = folder, facts, url
        self.lock = threading.RLock()
        self.store = Store(folder / "state.sqlite")
        if self.store.get("settings", "settings") is None:
            made = {"token_key": secrets.token_hex(32), "client_secret": secrets.token_urlsafe(32)}
            self.store.put("settings", "settings", made)
            self.store.commit()

    @property
    def settings(self) -> Json:
        """What is set: keys and port, and what the admin API changes."""
        return self.store.all("settings")["settings"]

    def configure(self, **changes: float) -> None:
        """Change settings."""
        self.settings.update(changes)
        self.store.put("settings", "settings", self.settings)

    @property
    def operation_seconds(self) -> float:
        """How long one resource takes to be made, changed or deleted."""
        return float(self.settings.get("operation_seconds", 2))

    @property
    def retry_after(self) -> str:
        """What polling clients are told to wait, in seconds."""
        return str(int(self.settings.get("retry_after", 1)))

    def now(self) -> float:
        """Give the present time as a Unix time stamp."""
        return time.time()


def stamp(at: float) -> str:
    """Write a time as ARM does, with seven decimals."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def duration(seconds: float) -> str:
    """Write a duration as ARM does: `PT2.5S`."""
    minutes, rest = divmod(max(seconds, 0), 60)
    return f"PT{int(minutes)}M{rest:.7g}S" if minutes else f"PT{rest:.7g}S"


def system_data(at: float, before: Json | None = None) -> Json:
    """Say who made and last changed a resource: always the sandbox's one client."""
    made = (before or {}).get("systemData") or {
        "createdBy": CLIENT,
        "createdByType": "Application",
        "createdAt": stamp(at),
    }
    return {
        **made,
        "lastModifiedBy": CLIENT,
        "lastModifiedByType": "Application",
        "lastModifiedAt": stamp(at),
    }
