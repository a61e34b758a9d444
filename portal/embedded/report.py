"""Say how each part does by using it: a query, a PING, a page, a question to the worker."""

from collections.abc import Callable

import psycopg
from kombu import Connection
from kombu.exceptions import KombuError

from portal.embedded.control import NOT_RUNNING
from portal.embedded.environment import Embedded
from portal.embedded.role import web_answers, worker_answers
from portal.embedded.state import running


def status() -> int:
    """Print a line for each part; return 1 if any is down."""
    found = running()
    if not found:
        print(NOT_RUNNING)
        return 1
    embedded = Embedded()
    env = embedded.environment(port=found.port)
    beat = found.parts.get("beat")
    checks: dict[str, Callable[[], bool]] = {
        "postgres": lambda: _database_answers(env["DATABASE_URL"]),
        "valkey": lambda: _broker_answers(env["CELERY_BROKER_URL"]),
        "web": lambda: web_answers(found.host, found.port),
        "worker": lambda: worker_answers("portal", env),
        "beat": lambda: bool(beat and beat.lives()),
    }
    if embedded.sandbox:
        checks["azure"] = embedded.sandbox.ready
    print(f"{found.url}  {found.phase}{f': {found.step}' if found.step else ''}")
    down = []
    for name, check in checks.items():
        ok = check()
        known, restarts = found.parts.get(name), found.restarts.get(name, 0)
        where = f"pid {known.pid}" if known else "not started here"
        again = f", restarted {restarts} times" if restarts else ""
        print(f"  {name:<9} {'ok' if ok else 'DOWN':<5} {where}{again}")
        down += [] if ok else [name]
    return 1 if down else 0


def _database_answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=3) as database:
            return database.execute("SELECT 1").rowcount == 1
    except psycopg.Error:
        return False


def _broker_answers(url: str) -> bool:
    try:
        with Connection(url, connect_timeout=3) as connection:
            connection.ensure_connection(max_retries=1, timeout=3)
    except (OSError, KombuError):
        return False
    return True
