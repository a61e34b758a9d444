"""Find what was left behind: leases of dead workers, and due jobs whose nudge was lost."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from apps.kernel import states
from apps.kernel.actors import SYSTEM
from apps.kernel.errors import StaleStateError
from apps.kernel.events import tell
from apps.provisioning.events import JobQueued, JobStuck
from apps.provisioning.models import Attempt, Job
from apps.provisioning.states import JobStatus
from apps.provisioning.worker.write import MAX_FAILURES

log = structlog.get_logger(__name__)
LOST = (
    "The worker stopped answering. Nothing is lost: the job goes on from this step, and what Azure "
    "has begun goes on by itself."
)
GIVES_UP = (
    f"The workers that took this step stopped answering {MAX_FAILURES} times. Somebody of the "
    "platform team has to look at the workers’ log; then try again."
)
NUDGE_AFTER, MOST = timedelta(seconds=5), 500


def sweep(*, now: datetime) -> list[int]:
    """Free expired leases, and return the ids of jobs that wait for a worker longer than usual."""
    expired = Job.objects.select_related("request__team").filter(
        status=JobStatus.WORKING, lease_until__lt=now
    )
    for job in expired.order_by("lease_until")[:MOST]:
        try:
            _free(job, now)
        except StaleStateError:
            log.info("the worker came back in time", job_id=job.pk)
        except Exception:
            # A job that cannot be freed must not keep the others from it.
            log.exception("lease not freed", job_id=job.pk)
    late = Job.objects.filter(status=JobStatus.QUEUED, due_at__lt=now - NUDGE_AFTER)
    return list(late.order_by("due_at").values_list("pk", flat=True)[:MOST])


@transaction.atomic
def _free(job: Job, now: datetime) -> None:
    """Put one job back; steps are repeatable, so doing one twice is safe."""
    lease, failures = str(job.lease_id), job.failures + 1
    over = failures >= MAX_FAILURES
    states.move(
        job,
        to=JobStatus.STUCK if over else JobStatus.QUEUED,
        by=SYSTEM,
        where={"lease_id": lease, "lease_until__lt": now},
        audited=over,
        lease_id=None,
        lease_until=None,
        due_at=now,
        failures=failures,
        trouble=GIVES_UP if over else "",
    )
    Attempt.objects.filter(lease_id=lease).update(
        outcome=Attempt.Outcome.LOST, sentence=LOST, ended_at=now
    )
    if not over:
        tell(JobQueued(job.pk, job.request_id))
    elif job.carries_request:
        tell(JobStuck(job.pk, job.request_id, GIVES_UP))
