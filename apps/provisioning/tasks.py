"""Celery's part: nudge a worker that a row waits. The row is the truth, a lost nudge is found."""

import structlog
from celery import shared_task
from django.db import transaction
from django.utils import timezone

from apps.provisioning import services, worker
from apps.provisioning.events import JobQueued
from apps.provisioning.selectors.balance import imbalances

log = structlog.get_logger(__name__)
SWEEP_EVERY_S = 15  # the next sweep nudges again, so nudges do not pile up while workers are busy


@shared_task(bind=True)
def advance_job(self, job_id: int) -> None:  # type: ignore[no-untyped-def]
    """Do one step of a job, if it is due and nobody else has it."""
    worker.advance_job(job_id, now=timezone.now(), worker=self.request.hostname or "")


@shared_task
def sweep() -> None:
    """Free the jobs of dead workers, and nudge for every job that waits longer than usual."""
    for job_id in worker.sweep(now=timezone.now()):
        advance_job.apply_async((job_id,), expires=SWEEP_EVERY_S)


@shared_task
def check_capacity() -> None:
    """Say in the log what does not add up between promises, requests and resources (nightly)."""
    for sentence in imbalances():
        log.error("capacity does not add up", sentence=sentence)


@shared_task
def remind() -> None:
    """Tell of what ends soon, and retire what nobody renewed where that is the rule."""
    services.remind(today=timezone.now().date())


def nudge(event: JobQueued) -> None:
    """Nudge a worker once the row is committed; a broker that is down fails nobody's request."""
    transaction.on_commit(
        lambda: advance_job.apply_async((event.job_id,), countdown=event.after_s),
        robust=True,
    )
