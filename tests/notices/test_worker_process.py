"""Real Celery workers: one sends, one dies while it sends, and the next one does it again."""

import socket

import pytest
from django.utils import timezone

from apps.notices import tasks
from apps.notices.models import Delivery
from tests.notices.post import notice
from tests.site import start_worker, until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
DEMO = {"PORTAL_AZURE_SANDBOX": "1"}  # or it would not start with demo people


def status():
    return set(Delivery.objects.values_list("status", flat=True))


def test_a_worker_killed_while_it_sends_loses_nothing(people, tmp_path):
    notice(people.alice, "REQ-7 is approved")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # a mail server that says nothing
        port = str(silent.getsockname()[1])
        mail = {"PORTAL_EMAIL_HOST": "127.0.0.1", "PORTAL_EMAIL_PORT": port}
        first = start_worker(tmp_path, **DEMO, **mail)
        try:
            tasks.send.delay()
            until(lambda: status() == {"sending"}, seconds=20, what="the lease", log=first.log)
        finally:
            first.kill()
    assert status() == {"sending"}, "its lease lasts until it runs out"
    Delivery.objects.update(lease_until=timezone.now())
    second = start_worker(tmp_path, name="heir", **DEMO)
    try:
        tasks.send.delay()
        until(lambda: status() == {"sent"}, seconds=20, what="the mail", log=second.log)
    finally:
        second.stop()
    log = second.log.read_text()
    assert "Subject: REQ-7 is approved" in log
    assert f"Message-ID: <{Delivery.objects.get().key}@" in log
