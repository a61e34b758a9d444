"""Take one job, do one step of it with no transaction open, put it back.

claim (lease) → run (Azure) → write (fenced by the lease), and a sweep for what was left behind.
"""

from datetime import datetime

import structlog
from django.db import InterfaceError, OperationalError, connection

from apps.cloud.errors import CloudError, NeedsPersonError
from apps.provisioning.models import Job
from apps.provisioning.worker.claim import claim
from apps.provisioning.worker.steps import Ended, run
from apps.provisioning.worker.sweep import sweep
from apps.provisioning.worker.write import write

__all__ = ["advance", "advance_job", "claim", "sweep", "write"]
log = structlog.get_logger(__name__)


def advance_job(job_id: int, *, now: datetime, worker: str = "") -> bool:
    """Lease the job, run its step, write back; False when it was not this worker's to take."""
    job = claim(job_id, now=now, worker=worker)
    if job is None:
        return False
    with structlog.contextvars.bound_contextvars(job_id=job.pk, step=job.step):
        return write(job, advance(job))


def advance(job: Job) -> Ended:
    """Run the job's step and return what came of it, a failure included."""
    if connection.in_atomic_block:
        raise RuntimeError("A step talks to Azure: it never runs inside a transaction.")
    try:
        return run(job)
    except CloudError as error:
        return error
    except (OperationalError, InterfaceError):
        raise  # the database is away, no defect: the lease runs out, and the step is done again
    except Exception as error:
        # A defect of ours must not take the job with it: it waits for a person, with the log.
        log.exception("step failed", job_id=job.pk, step=job.step)
        return NeedsPersonError(
            "A defect of the portal stopped this step. What happened in Azure is safe: the step "
            f"can be tried again. The log has the details under job {job.pk}.",
            code=type(error).__name__,
            raw=repr(error),
        )
