"""Health says what is so: alive, ready, and which part is away."""

import json
import urllib.error
import urllib.request

import pytest

from tests.site import Process, free_port, start_site, until


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.django_db
def test_ready_with_everything(client):
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json() == {"ready": True, "database": "ok", "broker": "ok"}


@pytest.mark.django_db
def test_a_missing_broker_is_said_and_borne(client, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json() == {"ready": True, "database": "ok", "broker": "away"}


@pytest.mark.slow
def test_without_a_database_alive_but_not_ready(tmp_path, db):
    port = free_port()
    site = Process.run(
        *("gunicorn", "portal.wsgi", "-w", "1", "-b", f"127.0.0.1:{port}"),
        log=tmp_path / "web.log",
        DATABASE_URL="postgresql:///nowhere?host=/nonexistent&user=portal",
        PORTAL_AZURE_SANDBOX="1",  # demo mode: elsewhere the start has to look for demo people
    )
    url = f"http://127.0.0.1:{port}/health"

    def alive():
        try:
            return get(f"{url}/live")[0] == 200
        except OSError:
            return False

    try:
        until(alive, seconds=30, what="the site", log=site.log)
        status, body = get(f"{url}/ready")
        assert status == 503
        assert json.loads(body)["database"] == "away"
    finally:
        site.stop()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_no_start_with_demo_people_outside_demo_mode(tmp_path, people):
    with pytest.raises(AssertionError, match="Demo accounts are active"):
        start_site(tmp_path, PORTAL_EMBEDDED_DB="0")
