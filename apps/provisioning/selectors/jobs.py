"""The work for a request: what it would change, where it stands, what needs a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from apps.kernel import formats
from apps.kernel.errors import NotFoundError
from apps.provisioning.models import Attempt, Job, Operation, WhatIf
from apps.provisioning.selectors.work import present_hash, steps_of
from apps.provisioning.states import JobStatus
from apps.requests import selectors as requests
from apps.requests.models import ResourceRequest
from apps.requests.states import RequestStatus
from apps.teams import selectors as teams
from apps.teams.models import Person
from apps.teams.roles import Action

STALE_AFTER = timedelta(hours=1)
UNDECIDED = (RequestStatus.SUBMITTED, RequestStatus.IN_REVIEW, RequestStatus.NEEDS_INFO)
AT_WORK = (JobStatus.QUEUED, JobStatus.WORKING)
OUTCOME = Attempt.Outcome
LIST_STATES = {
    OUTCOME.RUNNING: "now",
    OUTCOME.WAITING: "now",
    OUTCOME.NEXT: "done",
    OUTCOME.TRANSIENT: "bad",
    OUTCOME.PERMANENT: "bad",
    OUTCOME.STOPPED: "bad",
    OUTCOME.LOST: "bad",
}
TONES = {"succeeded": "good", "failed": "bad", "canceled": "bad", "running": "run"}


@dataclass(frozen=True)
class Changes:
    """What a yes would change, as Azure said at `made_at`; `why_old` is empty while it holds.

    `checks` is what would stand in the way, as the checklist component draws it.
    """

    checks: Sequence[Mapping[str, Any]]
    resources: Sequence[Mapping[str, Any]]
    summary: str
    made_at: datetime
    why_old: str
    what_if: WhatIf


@dataclass(frozen=True)
class Told:
    """One attempt as a line of the timeline; `raw` only for those who may read it."""

    pk: int
    state: str
    title: str
    span: str
    text: str
    raw: str
    correlation_id: str


@dataclass(frozen=True)
class AzureLine:
    """One Azure operation with the tone of its state; `said` only for those who may read it."""

    operation: Operation
    tone: str
    said: str


@dataclass(frozen=True)
class Progress:
    """Where a build stands."""

    job: Job
    steps: Sequence[Mapping[str, str]]
    attempts: Sequence[Told]
    operations: Sequence[AzureLine]
    live: bool

    @property
    def state(self) -> JobStatus:
        """The job's state for people: between two looks at Azure it is at work, not queued."""
        at_work = self.live and self.job.started_at
        return JobStatus.WORKING if at_work else self.job.state


def what_if_job(request: ResourceRequest) -> Job | None:
    """Return the last preview since the request was last submitted."""
    return _latest(request, Job.Purpose.WHAT_IF)


def build_job(request: ResourceRequest) -> Job | None:
    """Return the last build, or deletion, that carries out what was last submitted."""
    ends = request.act == ResourceRequest.Act.DECOMMISSION
    return _latest(request, Job.Purpose.DELETE if ends else Job.Purpose.BUILD)


def waits_to_delete(job: Job) -> bool:
    """Say whether a deletion has not begun: until then it can be undone."""
    queued = job.status == JobStatus.QUEUED and job.started_at is None
    return queued and job.purpose == Job.Purpose.DELETE


def _latest(request: ResourceRequest, purpose: Job.Purpose) -> Job | None:
    jobs = Job.objects.filter(request=request, purpose=purpose)
    if request.submitted_at:
        jobs = jobs.filter(created_at__gte=request.submitted_at)
    job = jobs.order_by("-id").first()
    if job:
        job.request = request
    return job


def in_trouble(job: Job | None) -> bool:
    """Say whether it ended badly, or waits for a person."""
    return job is not None and job.status in (JobStatus.STUCK, JobStatus.REFUSED)


def is_live(job: Job | None) -> bool:
    """Say whether a worker has it, or will."""
    return job is not None and job.status in AT_WORK


def job_for(viewer: Person, pk: int) -> Job:
    """Return one job, whose request is visible; else it is the same as one that does not exist."""
    visible = requests.requests_visible(viewer)
    found = (
        Job.objects.select_related("request__team__business_unit")
        .filter(pk=pk, request__in=visible)
        .first()
    )
    if found is None:
        raise NotFoundError
    return found


def changes_of(request: ResourceRequest, job: Job | None) -> Changes | None:
    """Return the stored what-if, or None while there is none for this submission."""
    what_if = WhatIf.objects.filter(request=request).first()
    if what_if is None or (request.submitted_at and what_if.made_at < request.submitted_at):
        return None
    shown = [one for one in what_if.changes if one["kind"] != "untouched"]
    return Changes(
        checks=[_check(one) for one in what_if.checks],
        resources=shown,
        summary=_summary(what_if.changes),
        made_at=what_if.made_at,
        why_old=_why_old(request, job, what_if),
        what_if=what_if,
    )


def _check(found: Mapping[str, Any]) -> Mapping[str, Any]:
    tone = {True: "good", False: "bad", None: "off"}[found["passed"]]
    return {"tone": tone, "title": found["label"], "detail": found["sentence"], "value": ""}


def _why_old(request: ResourceRequest, job: Job | None, what_if: WhatIf) -> str:
    if request.status not in UNDECIDED:
        return ""
    age = timezone.now() - what_if.made_at
    if age > STALE_AFTER:
        return f"It is {formats.duration(age)} old; Azure may look different by now."
    name = job.facts.get("name", "") if job else ""
    if present_hash(request, name=name) != what_if.template_hash:
        return "The template has changed since."
    return ""


def _summary(changes: Sequence[Mapping[str, Any]]) -> str:
    words = (("create", "added"), ("modify", "changed"), ("delete", "removed"))
    kinds = [one["kind"] for one in changes]
    counted = [f"{kinds.count(kind)} {word}" for kind, word in words]
    untouched = kinds.count("untouched")
    unknown = kinds.count("unknown")
    more = [f"{unknown} not foreseeable"] if unknown else []
    return ", ".join([*counted, f"{untouched} untouched", *more])


def may_redo(viewer: Person, request: ResourceRequest) -> bool:
    """Say whether the viewer may have the what-if made anew: who decides, asks or operates."""
    if request.status not in UNDECIDED:
        return False
    wanted = (*requests.DECIDES, Action.REQUEST_CREATE, Action.JOB_OPERATE)
    return any(teams.may(viewer, action, request.team) for action in wanted)


def progress_of(viewer: Person, request: ResourceRequest) -> Progress | None:
    """Return where the build of a request stands; None before the last yes."""
    job = build_job(request)
    if job is None or waits_to_delete(job) or _undone(job):
        return None
    raw = teams.may(viewer, Action.AZURE_RAW, request.team)
    labels = steps_of(job)
    return Progress(
        job=job,
        steps=_track(job, labels),
        attempts=[_told(attempt, labels, raw=raw) for attempt in job.attempts.all()],
        operations=[
            AzureLine(one, TONES.get(one.state.lower(), "run"), one.message if raw else "")
            for one in job.operations.all()
        ],
        live=is_live(job),
    )


def _undone(job: Job) -> bool:
    return job.status == JobStatus.CANCELLED and job.purpose == Job.Purpose.DELETE


def _track(job: Job, labels: Mapping[str, str]) -> list[Mapping[str, str]]:
    steps = list(labels)
    at = len(steps) if job.status == JobStatus.DONE else steps.index(job.step)
    here = "now" if job.status in AT_WORK else "bad"
    states = ["done"] * at + [here] + ["next"] * len(steps)
    return [
        {"title": label, "state": state}
        for label, state in zip(labels.values(), states, strict=False)
    ]


def _told(attempt: Attempt, labels: Mapping[str, str], *, raw: bool) -> Told:
    outcome = OUTCOME(attempt.outcome)
    span = f"since {attempt.started_at:%H:%M:%S}"
    if attempt.ended_at:
        took = formats.duration(attempt.ended_at - attempt.started_at)
        span = f"{attempt.started_at:%H:%M:%S} – {attempt.ended_at:%H:%M:%S}, {took}"
    return Told(
        pk=attempt.pk,
        state=LIST_STATES[outcome],
        title=f"{labels.get(attempt.step, attempt.step)}: {_lower(outcome.label)}",
        span=span,
        text=attempt.sentence,
        raw=attempt.raw if raw else "",
        correlation_id=attempt.correlation_id if raw else "",
    )


def _lower(words: str) -> str:
    return words[0].lower() + words[1:]


def stuck_jobs(viewer: Person, *, most: int = 5) -> Sequence[Job]:
    """List the jobs that wait for somebody like the viewer, the longest waiting first."""
    if not teams.may_anywhere(viewer, Action.JOB_OPERATE):
        return ()
    operated = teams.teams_where(viewer, Action.JOB_OPERATE)
    matters = ~Q(purpose=Job.Purpose.WHAT_IF) | Q(request__status__in=UNDECIDED)
    stuck = Job.objects.filter(matters, status=JobStatus.STUCK, request__team__in=operated)
    related = ("request__team", "resource")
    return list(stuck.select_related(*related).order_by("due_at", "id")[:most])


def stuck_build(viewer: Person, request: ResourceRequest) -> Job | None:
    """Return the build of a request that the viewer may help along."""
    job = build_job(request)
    if job is None or job.status != JobStatus.STUCK:
        return None
    return job if teams.may(viewer, Action.JOB_OPERATE, request.team) else None
