"""Secrets: references in, values only at use."""

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


def test_what_is_a_reference():
    assert secrets.is_reference("env:X")
    assert not secrets.is_reference("hunter2")
