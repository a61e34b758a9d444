"""Say how each part does by using it: a query, a PING, a page, a question to the worker."""

import time
from collections.abc import Callable

import psycopg
from kombu import Connection
from kombu.exceptions import KombuError

from portal.embedded.control import NOT_RUNNING
from portal.embedded.environment import Embedded
from portal.embedded.role import web_answers, worker_answers
from portal.embedded.state import Status, running

STARTS_WITHIN_S = 20
LAST_TO_START = ("web", "worker", "beat")  # the web server once the database is there, then they


def status() -> int:
    """Print a line for each part; return 1 if any is down. A young one may be starting."""
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
    words = {name: _word(found, name, check()) for name, check in checks.items()}
    for name, word in words.items():
        known, restarts = found.parts.get(name), found.restarts.get(name, 0)
        where = f"pid {known.pid}" if known else "not started here"
        again = f", restarted {restarts} times" if restarts else ""
        print(f"  {name:<9} {word:<9} {where}{again}")
    return 1 if "DOWN" in words.values() else 0


def _word(found: Status, name: str, ok: bool) -> str:  # noqa: FBT001  # an answer, not an option
    """Say how a part does; one that waits for a first preparation is starting, however long."""
    if ok:
        return "ok"
    known, starting = found.parts.get(name), found.phase == "starting"
    if known is None:
        return "starting" if starting and name in LAST_TO_START else "DOWN"
    young = time.time() - known.since < STARTS_WITHIN_S
    return "starting" if known.lives() and (young or starting) else "DOWN"


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
