"""People instead of fixtures, real parts instead of mocks."""

import io
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client, TransactionTestCase

from apps.kernel import secrets

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
KEPT = ("django_migrations", "django_content_type", "catalog_")


def _truncate(_case: TransactionTestCase) -> None:
    """Empty every table but the catalogue's: facts are loaded once for all tests."""
    with connection.cursor() as cursor:
        tables = [
            name
            for name in connection.introspection.table_names(cursor)
            if not name.startswith(KEPT)
        ]
        cursor.execute("TRUNCATE {} RESTART IDENTITY CASCADE".format(", ".join(tables)))


TransactionTestCase._fixture_teardown = _truncate  # type: ignore[attr-defined]


def pytest_configure() -> None:
    """Give every thread of a race its own connection, and every test process its own queue.

    The pool would queue the ninth thread; from one queue for all, the worker of another test
    process, or of a portal that uses the same broker, would take the nudges of this one.
    """
    settings.DATABASES["default"]["OPTIONS"].pop("pool", None)
    from portal.celery import app

    os.environ["CELERY_QUEUE"] = f"test-{uuid.uuid4()}"  # for the workers that tests start
    app.conf.task_default_queue = os.environ["CELERY_QUEUE"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Load the catalogue once, into the test database; let nobody stay in it at the end."""
    with django_db_blocker.unblock():
        call_command("load_catalog", verbosity=0, stdout=io.StringIO())
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE kernel_auditentry")
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        # A worker that a test killed may have left a session; the drop would wait for it in vain.
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of specs and data beside the checkout; a clone of its own has none."""
    if not SHARED.exists():
        pytest.skip("needs ../shared (specs and data), which is not beside this checkout")
    return SHARED


@pytest.fixture(autouse=True)
def no_panel_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test whose page has a failure box for a panel: it answers 200 all the same."""
    yield
    failed = [
        r.getMessage() for r in caplog.get_records("call") if "panel failed" in r.getMessage()
    ]
    assert not failed


@pytest.fixture
def people(db: None) -> SimpleNamespace:
    """alice, bob, dora, charlie, petra, jonas, sami, fiona, audra: portal/demo/people.py."""
    from portal.demo import seed_organisation

    return SimpleNamespace(**seed_organisation())


@pytest.fixture
def client_of() -> Callable[[Any], Client]:
    """A browser in which that person is signed in."""

    def sign_in(person: Any) -> Client:
        client = Client(raise_request_exception=True)
        client.force_login(person)
        return client

    return sign_in


@pytest.fixture
def sandbox(azure_process: Any) -> Any:
    """Hand out the Azure sandbox as new: nothing made, no faults, its own limits."""
    azure_process.reset()
    return azure_process


@pytest.fixture(scope="session")
def azure_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The Azure sandbox as a process of its own, and the settings pointed at it."""
    from apps.cloud.client import close_connections
    from tests.sandbox import Sandbox

    started = Sandbox.start(tmp_path_factory.mktemp("azure"), ROOT / "apps/catalog/data")
    point_at(started.endpoint)
    yield started
    close_connections()
    started.stop()


def point_at(endpoint: dict[str, Any]) -> None:
    """Send the Azure clients of this process, and of workers it starts, to `endpoint`."""
    values = {
        "AZURE_RESOURCE_MANAGER": endpoint["url"],
        "AZURE_AUTHORITY_HOST": endpoint["url"],
        "AZURE_CA_BUNDLE": endpoint["ca"],
        "AZURE_TENANT_ID": endpoint["tenant_id"],
        "AZURE_CLIENT_ID": endpoint["client_id"],
        "AZURE_CLIENT_SECRET": "env:TEST_AZURE_CLIENT_SECRET",
        "AZURE_SUBSCRIPTION_ID": endpoint["subscriptions"]["prod"],
        "AZURE_NONPROD_SUBSCRIPTION_ID": endpoint["subscriptions"]["nonprod"],
    }
    os.environ.update(values, TEST_AZURE_CLIENT_SECRET=endpoint["client_secret"])
    os.environ["PORTAL_AZURE_SANDBOX"] = "1"
    secrets.forget()
    for name, value in values.items():
        if name.startswith("AZURE_") and "SUBSCRIPTION" not in name:
            setattr(settings, name, value)
    settings.AZURE_SANDBOX = True
    settings.AZURE_SUBSCRIPTIONS = dict(endpoint["subscriptions"])


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One real Chromium for all tests of this process: Playwright starts only once.

    Its loop runs in this thread from then on; the ORM calls of the tests stay synchronous.
    """
    from tests.browser.chromium import chromium

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with chromium() as started:
        yield started
