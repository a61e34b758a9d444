"""Real Celery workers: the story to its end, and one that is killed in the middle of it."""

import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.provisioning import tasks
from apps.provisioning.models import Job, Operation, Resource
from tests.site import environment, start_worker, until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def worker(office, tmp_path):
    running = start_worker(tmp_path)
    yield running
    running.stop()


def test_a_worker_builds_what_was_approved(office, worker):
    request = office.submitted()
    until(lambda: office.what_if(request).status == "done", seconds=15, what="the what-if")
    office.approve(request)
    until(
        lambda: office.build(request).status not in ("queued", "working"),
        seconds=30,
        what="the build",
        log=worker.log,
    )
    assert office.build(request).status == "done", office.build(request).trouble


def test_azures_operations_show_within_three_seconds(office, worker):
    office.azure.settings(operation_seconds=4)
    try:
        request = office.approved()
        until(lambda: office.puts(f"/req-{request.pk}"), seconds=20, what="the stack")
        began = time.monotonic()
        until(lambda: Operation.objects.filter(state="Running").exists(), seconds=3, what="Running")
        until(
            lambda: Operation.objects.filter(state="Succeeded").exists(), seconds=9, what="the end"
        )
        assert time.monotonic() - began < 4 + 3
    finally:
        office.azure.settings(operation_seconds=0.2)


def test_a_worker_killed_in_the_middle_changes_nothing(office, tmp_path):
    office.azure.settings(operation_seconds=6)
    first = start_worker(tmp_path, name="killed")
    try:
        request = office.approved()
        until(lambda: office.puts(f"/req-{request.pk}"), seconds=20, what="the stack")
    finally:
        first.kill()
        office.azure.settings(operation_seconds=0.2)
    # The machine is gone for longer than a lease, then another one starts. It was killed in a step
    # or between two looks; the nudge for the next look died with it.
    Job.objects.filter(status="working").update(lease_until=timezone.now())
    Job.objects.filter(status="queued").update(due_at=timezone.now() - timedelta(minutes=2))
    second = start_worker(tmp_path, name="heir")
    try:
        tasks.sweep.delay()
        until(
            lambda: office.build(request).status not in ("queued", "working"),
            seconds=40,
            what="the build",
            log=second.log,
        )
    finally:
        second.stop()
    job = office.build(request)
    assert job.status == "done", job.trouble
    assert Resource.objects.filter(request=request).count() == 1
    assert office.puts(f"/deploymentStacks/req-{request.pk}") == 1
    assert job.operations.values("name").distinct().count() == job.operations.count()


APPROVE = """
from apps.approvals import services
from apps.requests.models import ResourceRequest
from apps.teams.models import Person
services.approve(
    request=ResourceRequest.objects.latest("id"),
    reason="",
    by=Person.objects.get(name="Petra Novak"),
)
"""


def test_a_broker_that_is_away_fails_nobody(office):
    request = office.submitted()
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", APPROVE],
        env=environment(CELERY_BROKER_URL="redis://127.0.0.1:1/0"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 20
    assert "nudge" in done.stderr  # the log says that it was lost
    request.refresh_from_db()
    assert (request.status, office.build(request).status) == ("approved", "queued")
    assert office.until(office.build(request)).status == "done"
