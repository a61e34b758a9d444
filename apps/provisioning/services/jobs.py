"""Queue work, and let people of the platform help it along."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.capacity import selectors as capacity
from apps.capacity.models import Placement
from apps.kernel import states
from apps.kernel.actors import SYSTEM
from apps.kernel.errors import ConflictError
from apps.kernel.events import tell
from apps.provisioning.events import JobQueued
from apps.provisioning.models import Job
from apps.provisioning.selectors import (
    CHECK,
    PREVIEW,
    in_place,
    may_redo,
    name_for,
    steps_of,
)
from apps.provisioning.states import JobStatus
from apps.requests import services as requests
from apps.requests.models import ResourceRequest
from apps.requests.protocols import AboutRequest
from apps.teams import services as teams
from apps.teams.models import Person
from apps.teams.roles import Action

LIVE = (JobStatus.QUEUED, JobStatus.WORKING, JobStatus.STUCK)
AT_WORK = (JobStatus.QUEUED, JobStatus.WORKING)
P = Job.Purpose
BUILDS = (ResourceRequest.Act.NEW, ResourceRequest.Act.CHANGE)


def queue_what_if(event: AboutRequest) -> None:
    """Have Azure asked what a submitted request would change."""
    request = _request(event.request_id)
    if request.act in BUILDS:
        _queue(request, P.WHAT_IF, PREVIEW)


def queue_build(request_id: int) -> None:
    """Have an approved request built: something new, or a change of what is there."""
    _queue(_request(request_id), P.BUILD, CHECK)


@transaction.atomic
def redo_what_if(*, request: ResourceRequest, by: Person) -> Job:
    """Have the what-if made anew; one that is under way already is that one."""
    if not may_redo(by, request):
        raise ConflictError(
            "The what-if is made anew only while the request waits for a decision, and for those "
            "who ask for it, decide on it or run the platform."
        )
    requests.locked(request.pk)  # of two who ask at once the second gets the first's
    at_work = Job.objects.filter(request=request, purpose=P.WHAT_IF, status__in=AT_WORK).first()
    return at_work or _queue(_request(request.pk), P.WHAT_IF, PREVIEW)


@transaction.atomic
def retry_job(*, job: Job, by: Person) -> Job:
    """Do a stuck job again from its start: days may have gone by, so all is checked anew.

    Every step finds what Azure has already, and does not do it twice.
    """
    teams.require(by, Action.JOB_OPERATE, job.request.team)
    _refuse_unless_stuck(job)
    _requeue(job, by)
    return job


@transaction.atomic
def give_up(*, job: Job, reason: str, by: Person) -> Job:
    """End a stuck job for good; its request fails and its capacity is free again."""
    teams.require(by, Action.JOB_OPERATE, job.request.team)
    _refuse_unless_stuck(job)
    if job.purpose != P.BUILD:
        raise ConflictError(
            "Only a build is given up. A preview is asked for again; a deletion goes on until "
            "nothing is left, as Azure counts the quota until then."
        )
    reason = reason.strip()
    if not reason:
        raise ConflictError("Say why, so that the team knows what to do instead.")
    states.move(
        job, to=JobStatus.CANCELLED, by=by, note=reason, trouble=reason, ended_at=timezone.now()
    )
    requests.mark_failed(request=job.request, reason=reason, by=by)
    return job


def _refuse_unless_stuck(job: Job) -> None:
    if job.status != JobStatus.STUCK:
        raise ConflictError(
            f"This job is {job.state.label.lower()}; only one that is stuck can be helped."
        )


def _requeue(job: Job, by: Person) -> None:
    """Put a stuck job back; without `started_at` its next run is told as a start."""
    states.move(
        job,
        to=JobStatus.QUEUED,
        by=by,
        step=next(iter(steps_of(job))),
        due_at=timezone.now(),
        started_at=None,
        failures=0,
        trouble="",
    )
    tell(JobQueued(job.pk, job.request_id))


def _queue(request: ResourceRequest, purpose: Job.Purpose, step: str) -> Job:
    """Queue a job, unless this submission has one; what an earlier one left behind is ended.

    The caller has the request locked. The old job is locked too, so that no worker takes it while
    it is ended; one that has it already finds its lease gone, and writes nothing.
    """
    since = request.submitted_at
    live = Job.objects.filter(request=request, purpose=purpose, status__in=LIVE)
    for old in live.select_for_update(no_key=True):
        if old.status in AT_WORK and (since is None or old.created_at >= since):
            return old
        states.move(
            old,
            to=JobStatus.CANCELLED,
            by=SYSTEM,
            lease_id=None,
            lease_until=None,
            ended_at=timezone.now(),
        )
    changed = in_place(request)
    job = Job.objects.create(
        request=request,
        purpose=purpose,
        resource=changed,
        step=step,
        facts={"name": changed.name} if changed else _names(request),
        due_at=timezone.now(),
        created_at=timezone.now(),
    )
    tell(JobQueued(job.pk, request.pk))
    return job


def _names(request: ResourceRequest) -> Mapping[str, Any]:
    """Choose the name once for what-if and build, so that what was approved is what is built.

    The account's row is locked: of two requests that want one name the second sees the first's.
    """
    placed = capacity.place_of(request.ref)
    if placed is None:
        return {}
    account = Placement.objects.select_for_update(no_key=True).get(pk=placed.placement.pk)
    before = Job.objects.filter(request=request, facts__account=account.name).order_by("id").last()
    name = before.facts["name"] if before else name_for(request, account)
    return {"account": account.name, "name": name}


def _request(pk: int) -> ResourceRequest:
    return ResourceRequest.objects.select_related(
        "team__business_unit", "workload", "environment", "requester"
    ).get(pk=pk)
