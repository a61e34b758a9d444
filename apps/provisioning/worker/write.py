"""Write back what came of a step, if the lease is still ours; who overslept writes nothing.

Whoever wins the fenced move tells the event, in the same transaction, and nobody else does.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from apps.cloud.errors import CloudError, PermanentError, TransientError
from apps.kernel import states
from apps.kernel.actors import SYSTEM
from apps.kernel.errors import StaleStateError
from apps.kernel.events import tell
from apps.provisioning import services
from apps.provisioning.events import (
    JobQueued,
    JobRefused,
    JobStuck,
    ResourceRetired,
)
from apps.provisioning.models import Attempt, Job, Operation, WhatIf
from apps.provisioning.provisioner import AzureOperation, Built, Gone, Next, Wait
from apps.provisioning.selectors import steps_of
from apps.provisioning.states import JobStatus, ResourceStatus
from apps.provisioning.worker.steps import Ended, Previewed
from apps.requests import services as requests

log = structlog.get_logger(__name__)
MAX_FAILURES = 6
BACK_OFF_S = 5
OUTCOME = Attempt.Outcome
# Azure's changes are to be seen within 3 s while people watch; what takes long is asked less often.
LIVELY, LOOK_EVERY, LOOK_LATEST = timedelta(minutes=2), timedelta(seconds=1), timedelta(seconds=15)


def write(job: Job, ended: Ended) -> bool:
    """Write back; False when the lease was lost meanwhile and nothing was written."""
    try:
        with transaction.atomic():
            _WriteBack(job, timezone.now()).write(ended)
    except StaleStateError:
        log.warning("lease lost, nothing written", job_id=job.pk, step=job.step)
        return False
    return True


class _WriteBack:
    """One write-back; its first statement is the fenced move, so all else hangs on the lease."""

    def __init__(self, job: Job, now: datetime) -> None:
        assert job.lease_id is not None  # noqa: S101  a claimed job has one
        self.job, self.now, self.lease = job, now, job.lease_id

    def write(self, ended: Ended) -> None:
        """Write what came of the step."""
        if isinstance(ended, CloudError):
            self._busy(ended) if ended.busy else self._failed(ended)
            self._note_operations(ended.operations)
        elif isinstance(ended, Wait):
            self._queue(self._pace(ended.after), operation=ended.operation, trouble="")
            self._end_attempt(OUTCOME.WAITING, ended.sentence)
            self._note_operations(ended.operations)
        elif isinstance(ended, Next):
            self._next(ended)
        elif isinstance(ended, Previewed):
            self._previewed(ended)
        elif isinstance(ended, Gone):
            self._gone(ended)
        else:
            self._built(ended)

    def _move(self, to: JobStatus, **changes: Any) -> None:
        """Move the job out of its lease; StaleStateError when the lease is not ours any more."""
        states.move(
            self.job,
            to=to,
            by=SYSTEM,
            where={"lease_id": self.lease},
            audited=to != JobStatus.QUEUED,
            note=changes.get("trouble", ""),
            lease_id=None,
            lease_until=None,
            **changes,
        )

    def _queue(self, after: timedelta, **changes: Any) -> None:
        self._move(JobStatus.QUEUED, due_at=self.now + after, **changes)
        tell(JobQueued(self.job.pk, self.job.request_id, after_s=after.total_seconds()))

    def _next(self, ended: Next) -> None:
        steps = list(steps_of(self.job))
        self._queue(
            timedelta(0),
            step=steps[steps.index(self.job.step) + 1],
            operation="",
            facts={**self.job.facts, **ended.facts},
            failures=0,
            trouble="",
        )
        self._end_attempt(OUTCOME.NEXT, ended.sentence, over=True)
        self._note_operations(ended.operations)

    def _busy(self, error: CloudError) -> None:
        """Wait for our turn; that is no failure. The jitter keeps waiting jobs apart."""
        pause = timedelta(seconds=(error.retry_after or 1) + random.uniform(0.5, 2.5))  # noqa: S311
        self._queue(pause, operation=self._token(error), trouble=error.sentence)
        self._end_attempt(OUTCOME.WAITING, error.sentence, error=error)

    def _failed(self, error: CloudError) -> None:
        failures = self.job.failures + 1
        changes: dict[str, Any] = {"failures": failures, "trouble": error.sentence}
        deletes = self.job.purpose == Job.Purpose.DELETE  # nobody could ask for it differently
        if isinstance(error, PermanentError) and not deletes:
            self._move(JobStatus.REFUSED, ended_at=self.now, operation="", **changes)
            self._end_attempt(OUTCOME.PERMANENT, error.sentence, over=True, error=error)
            self._tell(JobRefused, error.sentence)
        elif not isinstance(error, TransientError) or failures >= MAX_FAILURES:
            self._move(JobStatus.STUCK, operation="", **changes)
            self._end_attempt(OUTCOME.STOPPED, error.sentence, over=True, error=error)
            self._tell(JobStuck, error.sentence)
        else:
            least = BACK_OFF_S * 2**failures
            pause = max(error.retry_after or 0, least) * random.uniform(1, 1.3)  # noqa: S311
            self._queue(timedelta(seconds=pause), operation=self._token(error), **changes)
            self._end_attempt(OUTCOME.TRANSIENT, error.sentence, over=True, error=error)

    def _token(self, error: CloudError) -> str:
        """Keep the token when only the look failed, not what was looked at."""
        return "" if error.over else self.job.operation

    def _tell(self, event: type[JobRefused | JobStuck], sentence: str) -> None:
        if self.job.carries_request:
            tell(event(self.job.pk, self.job.request_id, sentence))

    def _previewed(self, said: Previewed) -> None:
        self._move(JobStatus.DONE, ended_at=self.now, operation="", failures=0, trouble="")
        self._end_attempt(OUTCOME.NEXT, "Azure said what would change.", over=True)
        WhatIf.objects.update_or_create(
            request_id=self.job.request_id,
            defaults={
                "template_hash": said.template_hash,
                "checks": said.checks,
                "changes": said.changes,
                "raw": said.raw,
                "template": said.template,
                "made_at": self.now,
            },
        )

    def _built(self, built: Built) -> None:
        self._move(JobStatus.DONE, ended_at=self.now, operation="", failures=0, trouble="")
        self._end_attempt(OUTCOME.NEXT, "Azure has what was asked for.", over=True)
        self._note_operations(built.operations)
        done = services.keep_built(job=self.job, built=built, at=self.now)
        tell(done)

    def _gone(self, gone: Gone) -> None:
        """Only now is its capacity free again: Azure counted it until it was purged."""
        self._move(JobStatus.DONE, ended_at=self.now, operation="", failures=0, trouble="")
        self._end_attempt(OUTCOME.NEXT, gone.sentence, over=True)
        resource = self.job.resource
        assert resource is not None  # noqa: S101  the database has it
        states.move(resource, to=ResourceStatus.RETIRED, by=SYSTEM, note=gone.sentence)
        retired = ResourceRetired(resource.pk, self.job.request_id, holder=resource.request_id)
        tell(retired)
        if self.job.carries_request:
            requests.mark_fulfilled(retired)

    def _pace(self, asked: timedelta) -> timedelta:
        """Say when to look again: every second while the work is young, later as Azure asked."""
        begun = Attempt.objects.values_list("started_at", flat=True).get(lease_id=self.lease)
        if self.now - begun < LIVELY:
            return LOOK_EVERY
        return min(max(asked, LOOK_EVERY), LOOK_LATEST)

    def _end_attempt(
        self,
        outcome: Attempt.Outcome,
        sentence: str,
        *,
        over: bool = False,
        error: CloudError | None = None,
    ) -> None:
        """Say on the attempt how the run ended; `over` is False while Azure is still at it."""
        Attempt.objects.filter(lease_id=self.lease).update(
            outcome=outcome,
            sentence=sentence,
            ended_at=self.now if over else None,
            raw=error.raw if error else "",
            correlation_id=error.correlation_id[:64] if error else "",
        )

    def _note_operations(self, operations: Sequence[AzureOperation]) -> None:
        """Keep Azure's own list, one row each, with the moment its state last changed."""
        if not operations:
            return
        known = {row.azure_id: row for row in self.job.operations.all()}
        Operation.objects.bulk_create(
            [self._operation(one, known.get(one.azure_id)) for one in operations],
            update_conflicts=True,
            unique_fields=["job", "azure_id"],
            update_fields=["name", "resource_type", "state", "message", "seen_at", "changed_at"],
        )

    def _operation(self, one: AzureOperation, before: Operation | None) -> Operation:
        unchanged = before is not None and before.state == one.state
        return Operation(
            job=self.job,
            azure_id=one.azure_id,
            name=one.name[:200],
            resource_type=one.resource_type,
            state=one.state,
            message=one.message,
            seen_at=self.now,
            changed_at=before.changed_at if before and unchanged else self.now,
        )
