"""One installation, started once: it answers, survives kill -9 of any part, and leaves nothing."""

import gzip
import json
import os
import re
import signal
import socket
import urllib.request

import psycopg
import pytest

from portal.embedded.valkey import Valkey
from tests.embedded.conftest import Installation, eventually

pytestmark = pytest.mark.slow


def known(installation):
    return json.loads((installation.root / "var/run/status.json").read_text())


def ask_valkey(installation: Installation, command: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(Valkey(installation.root / "var/valkey").socket))
        connection.sendall(command.encode() + b"\r\n")
        return connection.recv(100)


def has_its_data(installation: Installation) -> bool:
    try:
        with psycopg.connect(installation.database) as database:
            kept = database.execute("SELECT word FROM kept").fetchone()
        return kept == ("proof",) and b"proof" in ask_valkey(installation, "GET kept")
    except (psycopg.OperationalError, OSError):
        return False


def works(installation: Installation) -> bool:
    asked = installation.call("status").stdout
    parts = ("postgres", "valkey", "azure", "web", "worker", "beat")
    return all(re.search(rf"{part} +ok +pid \d+", asked) for part in parts)


@pytest.fixture(scope="module")
def running(installation: Installation) -> Installation:
    started = installation.up()
    assert started.returncode == 0, started.stdout
    assert f"http://127.0.0.1:{installation.port}" in started.stdout
    assert re.search(r"alice@\S+", started.stdout), "the demo sign-ins are printed"
    with psycopg.connect(installation.database) as database:
        database.execute("CREATE TABLE kept AS SELECT 'proof' AS word")
    assert ask_valkey(installation, "SET kept proof") == b"+OK\r\n"
    return installation


def test_the_first_page_is_the_sign_in(running):
    with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/") as answer:
        assert answer.status == 200
        assert "password" in answer.read().decode()


def test_static_files_come_compressed_and_pages_do_not(running):
    """A page has secrets; compressed, its length would tell them (BREACH)."""

    def fetched(path):
        address = f"http://127.0.0.1:{running.port}{path}"
        asked = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(asked) as answer:  # noqa: S310  # our own address
            return answer.headers, answer.read()

    headers, body = fetched("/static/vendor/plotly-basic.min.js")
    whole = (running.root / "static/vendor/plotly-basic.min.js").read_bytes()
    assert (headers["Content-Encoding"], gzip.decompress(body) == whole) == ("gzip", True)
    assert len(body) < len(whole) / 2
    assert "Accept-Encoding" in headers["Vary"]
    headers, body = fetched("/")
    assert (headers["Content-Encoding"], b"csrfmiddlewaretoken" in body) == (None, True)


def test_a_second_up_says_where_it_runs(running):
    second = running.up()
    assert second.returncode == 0
    assert f"already running at http://127.0.0.1:{running.port}" in second.stdout


def test_status_asks_every_part(running):
    eventually(lambda: works(running), seconds=40)


def test_secrets_are_for_their_owner_only(running):
    for name in ("secret-key", "run/status.json", "run/sign-ins", "azure-sandbox/client-secret"):
        assert (running.root / "var" / name).stat().st_mode & 0o077 == 0


def test_parts_killed_at_once_come_back_with_their_data(running):
    before = known(running)["parts"]
    for part in before.values():
        os.kill(part["pid"], signal.SIGKILL)
    eventually(lambda: all(known(running)["parts"][p]["pid"] != before[p]["pid"] for p in before))
    eventually(lambda: has_its_data(running))
    eventually(lambda: works(running), seconds=40)


def test_after_a_killed_supervisor_nothing_runs_and_up_recovers(running):
    os.kill(known(running)["pid"], signal.SIGKILL)
    assert running.call("status").returncode == 1
    again = running.up()
    assert again.returncode == 0, again.stdout
    assert has_its_data(running)


def test_status_is_honest(running):
    told = known(running)
    told["parts"]["worker"]["since"] = 0  # started long ago, so it cannot be on its way
    (running.root / "var/run/status.json").write_text(json.dumps(told))
    os.kill(told["parts"]["worker"]["pid"], signal.SIGSTOP)
    asked = running.call("status")
    os.kill(told["parts"]["worker"]["pid"], signal.SIGCONT)
    assert asked.returncode == 1
    assert re.search(r"worker +DOWN", asked.stdout)
    assert re.search(r"web +ok", asked.stdout)


def test_down_leaves_nothing_and_the_next_start_is_warm(running):
    assert running.processes()
    assert "The portal is down" in running.call("down").stdout
    assert running.processes() == []
    assert "not running" in running.call("down").stdout
    assert has_its_data(running) is False
    assert running.up().returncode == 0
    assert has_its_data(running)
    running.call("down")


def test_reset_asks_first(running):
    kept = running.call("reset")  # stdin is empty
    assert kept.returncode == 1
    assert "Nothing was removed" in kept.stdout
    assert (running.root / "var/secret-key").exists()
    assert running.call("reset", "--yes").returncode == 0
    assert not (running.root / "var").exists()
