"""The walls hold: the import contract passes, and it fails where a wall is broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PLANTED = {
    "The portal composes the chapters, no chapter knows it": (
        "apps/teams/services.py",
        "import portal.demo",
    ),
    "Chapters import only earlier chapters": (
        "apps/catalog/apps.py",
        "from apps.requests import states",
    ),
    "No chapter imports the Azure sandbox": (
        "apps/kernel/money.py",
        "import apps.azure_sandbox",
    ),
    "The Azure sandbox imports no chapter": (
        "apps/azure_sandbox/__init__.py",
        "import apps.kernel.money",
    ),
    "Inside a chapter, edges call services, services call models": (
        "apps/approvals/services.py",
        "from apps.approvals import views",
    ),
    "Request kinds are independent of each other": (
        "apps/kinds/another/kind.py",
        "from apps.kinds.model_deployment import spec",
    ),
    "Only the core touches models": (
        "apps/requests/views.py",
        "from apps.requests.models import Message",
    ),
    "Only cloud speaks to Azure": ("apps/provisioning/worker.py", "import azure.core"),
    "Only tasks and the celery app know Celery": ("apps/access/services.py", "import celery"),
    "Only figures know plotly": ("apps/dashboards/apps.py", "import plotly"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def copy(to: Path) -> Path:
    for name in ("apps", "portal"):
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", to)
    return to


def test_the_contract_is_kept():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_every_wall_that_is_broken_is_named(tmp_path):
    copy(tmp_path)
    for file, line in PLANTED.values():
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        if path.parent.name == "another":
            (path.parent / "__init__.py").touch()
        path.write_text((path.read_text() if path.exists() else "") + f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode != 0
    broken = {name for name in PLANTED if f"{name} BROKEN" in done.stdout}
    assert broken == set(PLANTED), done.stdout[-3000:]


def test_an_undeclared_app_or_module_fails(tmp_path):
    copy(tmp_path)
    (tmp_path / "apps/newcomer").mkdir()
    (tmp_path / "apps/newcomer/__init__.py").touch()
    (tmp_path / "apps/teams/utils.py").touch()
    done = lint(tmp_path)
    assert done.returncode != 0
    assert "newcomer" in done.stdout
    (tmp_path / "apps/newcomer/__init__.py").unlink()
    (tmp_path / "apps/newcomer").rmdir()
    done = lint(tmp_path)
    assert done.returncode != 0
    assert "utils" in done.stdout
