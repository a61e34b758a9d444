"""Where the portal may not start, it does not; and what starts at a pace of its own."""

import runpy
import subprocess
import sys
from io import StringIO

import pytest
from celery.utils.dispatch import Signal
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import OperationalError, connection

from portal import demo
from portal.celery import before_the_first_task
from portal.checks import refuse_to_start
from portal.settings import BASE_DIR, CELERY_BEAT_SCHEDULE
from tests.site import environment


@pytest.fixture
def real(settings):
    """An installation with a key of its own, outside demo mode."""
    settings.DEMO, settings.SECRET_KEY = False, "x" * 50
    return settings


@pytest.mark.django_db(transaction=True)
def test_demo_accounts_keep_the_portal_from_starting(real):
    refuse_to_start()
    demo.seed_organisation()
    with pytest.raises(ImproperlyConfigured, match=r"Demo accounts are active.*end_demo"):
        refuse_to_start()
    call_command("end_demo", stdout=StringIO())
    refuse_to_start()


@pytest.mark.django_db(transaction=True)
def test_a_worker_ends_instead_of_working_on(real):
    """Celery writes a log line about what a signal raises, and starts all the same."""
    demo.seed_organisation()
    starts = Signal(name="starts")
    starts.connect(before_the_first_task)
    with pytest.raises(SystemExit, match=r"The worker does not start\. Demo accounts"):
        starts.send(sender=None)


def test_nobody_serves_with_a_key_that_everybody_knows(real):
    real.SECRET_KEY = real.NO_SECRET_KEY
    with pytest.raises(ImproperlyConfigured, match="DJANGO_SECRET_KEY is not set"):
        refuse_to_start()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_no_yes(real, monkeypatch):
    """A check that could not be made must not pass."""
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nonexistent")
    with pytest.raises(OperationalError):
        refuse_to_start()


def test_what_no_worker_took_is_dropped_before_it_comes_again():
    for entry in CELERY_BEAT_SCHEDULE.values():
        assert entry["options"]["expire_seconds"] <= entry["schedule"]


@pytest.fixture
def settings_with(monkeypatch):
    """Read the settings file anew, under an environment."""

    def read(**env):
        for name in ("PORTAL_ORGANISATION", "PORTAL_AZURE_PREFIX", "PORTAL_BASE_URL"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"PORTAL_READ_ENV_FILE": "0", **env}.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(BASE_DIR / "portal/settings.py"))

    return read


@pytest.mark.parametrize(
    ("env", "prefix"),
    [
        ({}, "northwind"),
        ({"PORTAL_ORGANISATION": "Müller & Söhne AG"}, "muller-sohne-ag"),
        (
            {"PORTAL_ORGANISATION": "The Northwind Traders International"},
            "the-northwind-traders-in",
        ),
        ({"PORTAL_ORGANISATION": "三菱", "PORTAL_AZURE_PREFIX": "mitsu"}, "mitsu"),
    ],
)
def test_accounts_carry_the_organisation(settings_with, env, prefix):
    assert settings_with(**env)["AZURE_PREFIX"] == prefix


@pytest.mark.parametrize("bad", ["Big", "a_b", "-a", "a-", "x" * 25])
def test_a_prefix_that_azure_would_refuse_is_refused_at_start(settings_with, bad):
    with pytest.raises(ImproperlyConfigured, match="1 to 24 small letters, digits and hyphens"):
        settings_with(PORTAL_AZURE_PREFIX=bad)


def test_an_organisation_without_latin_letters_has_to_name_a_prefix(settings_with):
    with pytest.raises(ImproperlyConfigured, match="Set PORTAL_AZURE_PREFIX"):
        settings_with(PORTAL_ORGANISATION="三菱")


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://portal.example.com", "portal.example.com"),
        ("http://127.0.0.1:8000/", "127.0.0.1"),
        ("http://[::1]:8000", "::1"),
        ("http://localhost", "localhost"),
    ],
)
def test_the_address_people_type_is_allowed(settings_with, address, host):
    assert settings_with(PORTAL_BASE_URL=address)["ALLOWED_HOSTS"][0] == host


def test_every_thread_of_the_web_nudges_through_our_own_celery():
    """Celery's default app would take the broker from the environment and nothing else."""
    code = (
        "import django, threading; django.setup()\n"
        "from apps.provisioning.tasks import advance_job\n"
        "say = lambda: print(advance_job.app.main, advance_job.app.conf.task_default_queue)\n"
        "thread = threading.Thread(target=say); thread.start(); thread.join()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=BASE_DIR,
        env=environment(CELERY_QUEUE="of-this-portal"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["portal", "of-this-portal"]
