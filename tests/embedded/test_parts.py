"""The servers and processes by themselves: lent, crashed, orphaned, rotated."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from portal.embedded import ROOT, Trouble
from portal.embedded.bench import judge
from portal.embedded.children import Known, Part, birth, end, start
from portal.embedded.environment import Embedded
from portal.embedded.lent import bare_environment, lend, throw_away
from portal.embedded.logs import show
from portal.embedded.places import own_dir, socket_dir
from portal.embedded.postgres import Postgres
from tests.embedded.conftest import eventually


@pytest.fixture
def home(tmp_path):
    """A folder that the database's account reaches when the tests run as root."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o711)
    return tmp_path


def test_a_crashed_server_starts_again_beside_a_stale_lock(home):
    postgres = Postgres(home / "pg")
    with lend(postgres, logs=home), psycopg.connect(postgres.url) as idle:
        idle.execute("CREATE TABLE kept AS SELECT 1 AS number")
        idle.commit()
        for process in postgres.processes():
            os.kill(process.pid, signal.SIGKILL)
        eventually(lambda: not postgres.processes())
    # The number in the lock file belongs to a living stranger now, as after a reboot.
    (postgres.data / "postmaster.pid").write_text(f"{os.getppid()}\n{postgres.data}\n")
    with lend(postgres, logs=home), psycopg.connect(postgres.url) as database:
        assert database.execute("SELECT number FROM kept").fetchone() == (1,)


def test_an_orphaned_backend_is_ended_before_a_second_server_starts(home):
    postgres = Postgres(home / "pg", durable=False)
    with lend(postgres, logs=home):
        busy = threading.Thread(target=sleep_in, args=[postgres.url])
        busy.start()
        eventually(lambda: len(postgres.processes()) > 5)
        server = next(p for p in postgres.processes() if p.stop_signal == signal.SIGINT)
        os.kill(server.pid, signal.SIGKILL)
        eventually(lambda: not server.lives())
        postgres.make_startable()
        assert postgres.processes() == []
        busy.join()


def sleep_in(url: str) -> None:
    with pytest.raises(psycopg.OperationalError), psycopg.connect(url) as database:
        database.execute("SELECT pg_sleep(60)")


def test_a_throw_away_pair_is_gone_afterwards():
    with throw_away() as env:
        assert "AZURE_SUBSCRIPTION_ID" not in env
        with psycopg.connect(env["DATABASE_URL"]) as database:
            assert database.execute("SHOW fsync").fetchone() == ("off",)
            (data,) = database.execute("SHOW data_directory").fetchone()
    assert not Path(data).exists()
    assert data not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout


def test_a_real_installation_does_not_shine_through(monkeypatch):
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", "real")
    monkeypatch.setenv("DATABASE_URL", "postgresql://real")
    assert {"AZURE_SUBSCRIPTION_ID", "DATABASE_URL"}.isdisjoint(bare_environment())


@pytest.mark.parametrize("name", ["DATABASE_URL", "AZURE_SUBSCRIPTION_ID"])
def test_demo_mode_cannot_be_asked_for_with_real_parts(monkeypatch, name):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv(name, "postgresql://db.example/portal")
    monkeypatch.setenv("PORTAL_EMBEDDED_DB", "1")
    monkeypatch.setenv("PORTAL_AZURE_SANDBOX", "1")
    monkeypatch.setenv("DJANGO_SECRET_KEY", "x" * 50)
    env = Embedded().environment(port=8000)
    assert "0" in (env["PORTAL_EMBEDDED_DB"], env["PORTAL_AZURE_SANDBOX"])


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death signal is Linux's")
def test_a_child_dies_with_its_parent(tmp_path):
    program = f"""
import os, sys
from pathlib import Path
from portal.embedded.children import Part, start
sleep = Part("sleep", ["sleep", "60"])
child = start(sleep, env=dict(os.environ), log=Path({str(tmp_path)!r}, "log"))
print(child.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    eventually(lambda: birth(int(told.stdout)) is None, seconds=5)


def test_ending_waits_then_kills(tmp_path):
    deaf = [sys.executable, "-c", "import signal, time; signal.signal(15, 1); time.sleep(60)"]
    child = start(Part("deaf", deaf), env=dict(os.environ), log=tmp_path / "log")
    known = Known(child.pid, birth(child.pid) or "")
    time.sleep(0.3)
    end([known], grace_s=0.2)
    assert not known.lives()
    assert child.wait() in (-signal.SIGKILL, -signal.SIGTERM)


def test_a_reused_pid_is_a_stranger(tmp_path):
    stranger = Known(os.getpid(), "long ago")
    assert not stranger.lives()
    end([stranger], grace_s=1)  # and we are still here


def test_sockets_of_a_deep_folder_live_elsewhere(tmp_path):
    assert socket_dir(tmp_path / "short").parent == tmp_path or len(str(tmp_path)) > 78
    deep = socket_dir(tmp_path / ("x" * 100))
    assert len(bytes(deep)) <= 85


def test_a_folder_prepared_by_somebody_else_is_refused(tmp_path):
    trap = tmp_path / "trap"
    trap.symlink_to(tmp_path)
    with pytest.raises(Trouble, match="is a link: remove it"):
        own_dir(trap)


def test_following_survives_rotation(tmp_path, capsys):
    log = tmp_path / "web.log"
    log.write_text("one\ntwo\n")
    rounds = iter(range(3))

    def again():
        turn = next(rounds)
        if turn == 0:
            with log.open("a") as file:
                file.write("three\nfo")
        if turn == 1:
            log.write_text("new\n")
        return turn < 2

    show([log], lines=1, while_=again)
    assert capsys.readouterr().out == "web | two\nweb | three\nweb | new\n"


def test_ctrl_c_ends_a_test_run_and_its_servers(tmp_path):
    slow = tmp_path / "test_slow.py"
    slow.write_text(
        "import os, pathlib, time\n"
        "def test_it():\n"
        f"    pathlib.Path({str(tmp_path)!r}, 'url').write_text(os.environ['DATABASE_URL'])\n"
        "    time.sleep(60)\n"
    )
    run = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "portal.embedded",
            "test",
            "-p",
            "no:django",
            "-c",
            os.devnull,
            slow,
        ],
        cwd=ROOT,
        env=bare_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    eventually((tmp_path / "url").exists)
    os.killpg(run.pid, signal.SIGINT)
    assert run.wait(timeout=30) == 2  # pytest's own code for an interrupted run
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect((tmp_path / "url").read_text())


def test_a_goal_is_met_missed_or_not_measured():
    goals = {"p95_ms": {"goal": 50, "better": "lower"}, "rows": {"goal": 9, "better": "higher"}}
    judged = judge({"p95_ms": 50.0, "note": 1.0}, goals)
    assert {name: figure["ok"] for name, figure in judged.items()} == {
        "p95_ms": True,
        "note": True,
        "rows": False,
    }
    assert json.loads(json.dumps(judged["p95_ms"])) == {"value": 50.0, "goal": 50.0, "ok": True}
