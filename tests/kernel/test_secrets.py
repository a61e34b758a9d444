"""Secrets: references in, values only at use."""

import subprocess
import sys

import pytest

from apps.kernel import secrets


@pytest.fixture(autouse=True)
def fresh():
    secrets.forget()
    yield
    secrets.forget()


def test_env_and_file(monkeypatch, tmp_path):
    monkeypatch.setenv("A_SECRET", "s3cret")
    (tmp_path / "x").write_text("from-file\n")
    assert secrets.resolve("env:A_SECRET") == "s3cret"
    assert secrets.resolve(f"file:{tmp_path}/x") == "from-file"


def test_a_value_is_kept_five_minutes(monkeypatch):
    monkeypatch.setenv("A_SECRET", "one")
    assert secrets.resolve("env:A_SECRET") == "one"
    monkeypatch.setenv("A_SECRET", "two")
    assert secrets.resolve("env:A_SECRET") == "one"
    clock = secrets.time.monotonic()
    monkeypatch.setattr(secrets.time, "monotonic", lambda: clock + secrets.TTL_S + 1)
    assert secrets.resolve("env:A_SECRET") == "two"


@pytest.mark.parametrize("reference", ["env:NOT_SET_ANYWHERE", "file:/nowhere/at/all"])
def test_a_broken_reference_says_what_is_missing(reference):
    with pytest.raises(secrets.SecretError, match=r"not set|cannot be read"):
        secrets.resolve(reference)


def test_a_key_vault_address_never_becomes_the_key_that_signs_sessions():
    """Settings are read before anybody can sign in to Key Vault."""
    started = subprocess.run(
        [sys.executable, "-c", "import portal.settings"],
        env={"DJANGO_SECRET_KEY": "keyvault:https://x.example/secrets/y", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Use env:NAME or file:/path here." in started.stderr


def test_a_text_without_a_scheme_is_the_value():
    assert secrets.resolve("hunter2:x") == "hunter2:x"
