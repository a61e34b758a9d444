"""Of any number of workers one writes: leases, fences, the sweep, crashes at any statement."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.kernel.events import ListenerDefectError
from apps.provisioning import worker
from apps.provisioning.models import Attempt, Job, Resource
from apps.provisioning.provisioner import Next
from apps.provisioning.worker import claim, write
from apps.provisioning.worker.sweep import sweep
from tests.crash import connection_ends_before

pytestmark = pytest.mark.django_db(transaction=True)
LATER = timedelta(minutes=5)


def test_of_many_workers_one_gets_the_job(office):
    job = office.build(office.approved())
    now, won, gate = timezone.now(), [], threading.Barrier(8)

    def grab():
        gate.wait()
        try:
            if claim(job.pk, now=now):
                won.append(1)
        finally:
            connection.close()

    threads = [threading.Thread(target=grab) for _ in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert won == [1]
    assert job.attempts.count() == 1


def test_a_job_that_is_not_due_is_left_alone(office):
    job = office.build(office.approved())
    Job.objects.filter(pk=job.pk).update(due_at=timezone.now() + LATER)
    assert claim(job.pk, now=timezone.now()) is None
    assert not worker.advance_job(job.pk, now=timezone.now())


def test_a_worker_that_overslept_writes_nothing(office):
    job = office.build(office.approved())
    asleep = claim(job.pk, now=timezone.now())
    sweep(now=timezone.now() + LATER)
    awake = claim(job.pk, now=timezone.now() + LATER)
    assert write(awake, Next(sentence="I was first.", facts={"by": "the second worker"}))
    before = snapshot(job)
    assert not write(asleep, Next(sentence="So was I.", facts={"by": "the first worker"}))
    assert snapshot(job) == before
    assert Job.objects.get(pk=job.pk).facts["by"] == "the second worker"


def test_one_that_overslept_does_not_tell_that_it_is_done(office):
    request = office.approved()
    job = office.until(office.build(request), step="read_back")
    asleep = claim(job.pk, now=timezone.now() + LATER)
    ended = worker.advance(asleep)
    sweep(now=timezone.now() + 3 * LATER)
    assert not write(asleep, ended)
    request.refresh_from_db()
    assert request.status == "building"
    assert not Resource.objects.exists()
    assert office.until(job).status == "done"


def snapshot(job):
    return [
        *Job.objects.filter(pk=job.pk).values_list(),
        *Attempt.objects.filter(job=job).order_by("id").values_list(),
    ]


def test_the_sweep_frees_what_a_dead_worker_held(office):
    job = office.build(office.approved())
    lease = claim(job.pk, now=timezone.now()).lease_id
    assert sweep(now=timezone.now()) == []
    job.refresh_from_db()
    assert job.status == "working"
    sweep(now=timezone.now() + LATER)
    job.refresh_from_db()
    assert (job.status, job.lease_id, job.failures) == ("queued", None, 1)
    attempt = Attempt.objects.get(lease_id=lease)
    assert attempt.outcome == "lost"
    assert "Nothing is lost" in attempt.sentence
    assert office.until(job).status == "done"


def test_a_step_that_kills_every_worker_ends_with_a_person(office):
    request = office.approved()
    job = office.build(request)
    now = timezone.now()
    for n in range(6):
        assert claim(job.pk, now=now + n * LATER)
        sweep(now=now + (n + 1) * LATER)
    job.refresh_from_db()
    request.refresh_from_db()
    assert (job.status, request.status) == ("stuck", "needs_help")
    assert "stopped answering 6 times" in job.trouble


def test_a_job_that_cannot_be_freed_keeps_no_other_from_it(office, caplog):
    poison, job = (office.build(office.approved()) for _ in range(2))
    for one in (poison, job):
        claim(one.pk, now=timezone.now())
    # Its request is over, which no listener expects.
    Job.objects.filter(pk=poison.pk).update(failures=5, lease_until=timezone.now())
    type(poison.request).objects.filter(pk=poison.request_id).update(status="failed")
    office.broke_rows = True
    sweep(now=timezone.now() + LATER)
    job.refresh_from_db()
    poison.refresh_from_db()
    assert (job.status, poison.status) == ("queued", "working")
    assert "lease not freed" in caplog.text


def test_a_database_that_goes_away_in_a_step_is_no_defect_of_the_step(office):
    job = office.build(office.approved())
    claimed = claim(job.pk, now=timezone.now())
    with connection_ends_before(1) as crash, pytest.raises(crash.errors):
        worker.advance(claimed)
    connection.close()
    sweep(now=timezone.now() + LATER)
    assert office.until(job).status == "done"


def test_the_sweep_finds_a_lost_nudge(office):
    job = office.build(office.approved())
    Job.objects.exclude(pk=job.pk).update(due_at=timezone.now() + timedelta(days=1))
    assert sweep(now=job.due_at + timedelta(seconds=1)) == []
    assert sweep(now=job.due_at + timedelta(seconds=10)) == [job.pk]


def test_a_step_never_runs_inside_a_transaction(office):
    job = office.build(office.approved())
    claimed = claim(job.pk, now=timezone.now())
    with transaction.atomic(), pytest.raises(RuntimeError, match="never runs inside"):
        worker.advance(claimed)


def test_a_crash_while_claiming_leaves_the_job_queued(office):
    job = office.build(office.approved())
    for n in range(1, 40):
        with connection_ends_before(n) as crash, suppress(*crash.errors, ListenerDefectError):
            claim(job.pk, now=timezone.now())
        connection.close()
        job.refresh_from_db()
        if not crash.happened:
            break
        assert (job.status, job.attempts.count(), job.started_at) == ("queued", 0, None)
    assert (job.status, job.attempts.count()) == ("working", 1)
    assert n > 6


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 2, 5, 12, 24, 40])
def test_a_crash_while_writing_the_end_leaves_all_of_it_or_nothing(office, n):
    """The write-back, the resource, the request, the capacity and the grant are one transaction."""
    request = office.approved()
    job = office.until(office.build(request), step="read_back")
    claimed = claim(job.pk, now=timezone.now() + LATER)
    ended = worker.advance(claimed)
    with connection_ends_before(n) as crash, suppress(*crash.errors, ListenerDefectError):
        write(claimed, ended)
    connection.close()
    job.refresh_from_db()
    request.refresh_from_db()
    if crash.happened:
        assert (job.status, request.status) == ("working", "building")
        assert not Resource.objects.exists()
        sweep(now=timezone.now() + 3 * LATER)
        office.until(job)
        request.refresh_from_db()
    job.refresh_from_db()
    assert (job.status, request.status) == ("done", "done")
    assert Resource.objects.get().grants.count() == 1
    assert office.puts(f"/deploymentStacks/req-{request.pk}") == 1


def test_a_worker_that_died_after_azure_took_the_stack_sends_no_second_one(office):
    request = office.approved()
    office.azure.settings(operation_seconds=1.5)
    try:
        job = office.until(office.build(request), step="deployment")
        dead = claim(job.pk, now=timezone.now() + LATER)
        worker.advance(dead)  # Azure has it, the row does not know
        sweep(now=timezone.now() + 3 * LATER)
        job = office.step(job)
        assert (job.status, job.operation) == ("queued", "")
        assert office.puts(f"/deploymentStacks/req-{request.pk}") == 1
        assert job.operations.filter(resource_type__endswith="/deployments").count() == 1
    finally:
        office.azure.settings(operation_seconds=0.2)
    assert office.until(job).status == "done"
    assert Resource.objects.count() == 1
    stacks = {
        r["url"].split("?")[0].lower()
        for r in office.azure.requests()
        if r["method"] == "PUT" and f"req-{request.pk}" in r["url"]
    }
    assert len(stacks) == 1
