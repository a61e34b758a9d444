"""The files for containers and CI: valid by their own schemas, and in step with each other."""

import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from portal.embedded import role
from portal.embedded.checks import production_environment

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(sys.executable).parent
COMPOSE = (ROOT / "docker-compose.yml").read_text()
SERVICES = yaml.safe_load(COMPOSE)["services"]
OURS = {"web", "worker", "beat", "migrate"}


def passes(*argv: str | Path) -> None:
    ran = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_dockerfile_passes_its_linter():
    passes(TOOLS / "hadolint", "Dockerfile")


def test_the_compose_file_fits_its_schema():
    schema = ("--builtin-schema", "vendor.compose-spec")
    passes(TOOLS / "check-jsonschema", *schema, "docker-compose.yml")


def test_every_service_proves_its_health():
    assert SERVICES.keys() == OURS | {"postgres", "valkey"}
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()  # web uses the image's own
    for name in SERVICES.keys() - {"web", "migrate"}:
        assert "test" in SERVICES[name]["healthcheck"], name


def test_our_services_are_one_image_without_privileges():
    for name in OURS:
        service = SERVICES[name]
        assert service["image"].startswith("ai-portal:")
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    user = re.findall(r"^USER (\d+)$", (ROOT / "Dockerfile").read_text(), re.M)
    assert user, "the image names a numeric user, so that Kubernetes can tell it is not root"
    assert user[-1] != "0"


def test_data_live_in_volumes():
    for name in ("postgres", "valkey"):
        assert [v.split(":")[0] for v in SERVICES[name]["volumes"]] == [name]


def test_commands_are_roles(monkeypatch):
    for name in role.NEEDED:
        monkeypatch.setenv(name, "set")
    for name in OURS:
        (command,) = SERVICES[name]["command"]
        monkeypatch.setattr(sys, "argv", ["role", command])
        called = []
        monkeypatch.setattr(role.os, "execv", lambda *argv, to=called: to.append(argv))
        monkeypatch.setattr(role.subprocess, "call", lambda *_, **__: 0)
        role.main()
        assert called, name


def test_a_role_says_which_settings_it_lacks(monkeypatch):
    for name in role.NEEDED:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(role.Trouble, match="Set DJANGO_SECRET_KEY, DATABASE_URL"):
        role.main()


def test_compose_asks_only_for_settings_the_example_explains():
    explained = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    asked = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))
    assert asked - explained == {"PORTAL_VERSION", "PORTAL_PORT"}  # of the machine, with defaults


def test_settings_know_every_name_of_the_example():
    explained = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    known = set(re.findall(r'"([A-Z_]+)"', (ROOT / "portal/settings.py").read_text()))
    assert explained - known == {"POSTGRES_PASSWORD"}  # compose's own


def test_the_image_holds_what_it_runs_and_no_more():
    kept = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")
    }
    assert {"apps", "portal", "static", "templates", "manage.py", "requirements.txt"} <= kept
    assert kept.isdisjoint({"tests", ".env", "var", ".git", ".venv"})


def test_the_locks_agree():
    pins = [
        set(re.findall(r"^(\S+==\S+)", (ROOT / f"requirements{name}.txt").read_text(), re.M))
        for name in ("", "-dev")
    ]
    assert pins[0] <= pins[1]


def test_ci_can_be_run():
    assert (ROOT / ".ci/run").stat().st_mode & stat.S_IXUSR
    passes("bash", "-n", ".ci/run")


def test_production_settings_come_from_the_example_alone(monkeypatch):
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", "mine")
    env = production_environment()
    assert env.get("AZURE_SUBSCRIPTION_ID") in (None, "")
    assert env["PORTAL_BASE_URL"].startswith("https://")
    assert len(env["DJANGO_SECRET_KEY"]) >= 50
