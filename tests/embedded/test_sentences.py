"""What stands in the way is told in one clear sentence."""

import shutil
import socket
import subprocess
import sys

import pytest

from portal.embedded import ROOT, Trouble
from portal.embedded.logs import logs
from portal.embedded.postgres import Postgres


def test_a_taken_port(installation):
    with socket.create_server(("127.0.0.1", installation.port)):
        refused = installation.up()
    assert refused.returncode == 1
    assert refused.stdout.strip() == (
        f"Port {installation.port} on 127.0.0.1 cannot be used (Address already in use): "
        "choose a free one with --port, for example --port 8001."
    )


def test_a_python_that_cannot_make_environments(tmp_path):
    for name in ("portalctl.py", "requirements.txt"):
        shutil.copy2(ROOT / name, tmp_path / name)
    (tmp_path / "ensurepip.py").write_text("raise ImportError")
    refused = subprocess.run(
        [sys.executable, "portalctl.py", "up"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert f"apt-get install python3.{sys.version_info.minor}-venv" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_help_needs_no_environment(tmp_path):
    shutil.copy2(ROOT / "portalctl.py", tmp_path)
    told = subprocess.run(
        [sys.executable, "portalctl.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "portalctl.py up" in told.stdout
    assert not (tmp_path / ".venv").exists()


def test_an_unknown_log():
    with pytest.raises(Trouble, match="There is no log named nosuch"):
        logs(name="nosuch", follow=False, lines=1)


def test_data_of_another_postgres(tmp_path):
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o711)  # for the database's account, when the tests run as root
    postgres = Postgres(tmp_path)
    postgres.data.mkdir(parents=True)
    (postgres.data / "PG_VERSION").write_text("15\n")
    with pytest.raises(Trouble, match="are PostgreSQL 15's, the portal brings 18"):
        postgres.make_startable()
