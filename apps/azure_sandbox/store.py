"""The sandbox's state: JSON documents by kind and key, in memory and in one SQLite file.

Every request commits before its answer leaves, so `kill -9` loses nothing that a client was told.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class Store:
    """Keep documents; reads come from memory, writes go to both."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS document (kind TEXT, key TEXT, body TEXT, "
            "PRIMARY KEY (kind, key))"
        )
        self._kinds: dict[str, dict[str, Json]] = defaultdict(dict)
        for kind, key, body in self._db.execute("SELECT kind, key, body FROM document"):
            self._kinds[kind][key] = json.loads(body)
        self._changed: dict[tuple[str, str], None] = {}  # in order, as the table keeps it

    def get(self, kind: str, key: str) -> Json | None:
        """Find a document; keys are compared in lower case, as ARM ids are."""
        return self._kinds[kind].get(key.lower())

    def all(self, kind: str) -> dict[str, Json]:
        """Give all documents of a kind by key, in the order of their first write."""
        return self._kinds[kind]

    def put(self, kind: str, key: str, document: Json) -> Json:
        """Write a document; call it again after changing one in place."""
        self._kinds[kind][key.lower()] = document
        self._changed[kind, key.lower()] = None
        return document

    def drop(self, kind: str, key: str) -> Json | None:
        """Remove a document and give it back."""
        self._changed[kind, key.lower()] = None
        return self._kinds[kind].pop(key.lower(), None)

    def kinds(self) -> list[str]:
        """Name the kinds of documents there are."""
        return list(self._kinds)

    def clear(self, kind: str) -> None:
        """Remove all documents of a kind."""
        for key in list(self._kinds[kind]):
            self.drop(kind, key)

    def commit(self) -> None:
        """Bring what changed to the disk in one transaction."""
        if not self._changed:
            return
        self._db.execute("BEGIN")
        for kind, key in self._changed:
            document = self._kinds[kind].get(key)
            if document is None:
                self._db.execute("DELETE FROM document WHERE kind=? AND key=?", (kind, key))
            else:
                self._db.execute(
                    "INSERT INTO document VALUES (?, ?, ?) "
                    "ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
                    (kind, key, json.dumps(document)),
                )
        self._db.execute("COMMIT")
        self._changed.clear()

    def close(self) -> None:
        """Commit and close the file."""
        self.commit()
        self._db.close()
