"""Lease a job for one step, by compare-and-swap."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction

from apps.kernel import states
from apps.kernel.actors import SYSTEM
from apps.kernel.errors import StaleStateError
from apps.kernel.events import tell
from apps.provisioning.events import JobStarted
from apps.provisioning.models import Attempt, Job
from apps.provisioning.states import JobStatus

# Longer than a step's calls can take (cloud.client.session); a dead worker is noticed after it.
LEASE = timedelta(minutes=2)


@transaction.atomic
def claim(job_id: int, *, now: datetime, worker: str = "") -> Job | None:
    """Lease the job for one step; None means that it is not due, or that another worker has it.

    The swap names the due_at that was read, so of many nudges for one look exactly one wins.
    """
    job = (
        Job.objects.select_related("request__team__business_unit")
        .filter(pk=job_id, status=JobStatus.QUEUED, due_at__lte=now)
        .first()
    )
    if job is None:
        return None
    first, lease = job.started_at is None, uuid.uuid4()
    try:
        states.move(
            job,
            to=JobStatus.WORKING,
            by=SYSTEM,
            where={"due_at": job.due_at},
            audited=False,
            lease_id=lease,
            lease_until=now + LEASE,
            started_at=job.started_at or now,
        )
    except StaleStateError:
        return None
    _begin_attempt(job, lease, now=now, worker=worker)
    if first and job.carries_request:
        tell(JobStarted(job.pk, job.request_id))
    return job


def _begin_attempt(job: Job, lease: uuid.UUID, *, now: datetime, worker: str) -> None:
    """Note the run; one more look at what Azure is doing belongs to the run that started it."""
    last = job.attempts.first()
    if last and last.step == job.step and last.outcome == Attempt.Outcome.WAITING:
        Attempt.objects.filter(pk=last.pk).update(lease_id=lease, worker=worker)
        return
    Attempt.objects.create(job=job, lease_id=lease, step=job.step, worker=worker, started_at=now)
