"""Where the work for a request stands, as one line in its life."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.kernel import formats
from apps.provisioning.models import Job
from apps.provisioning.selectors.jobs import UNDECIDED, build_job, waits_to_delete
from apps.provisioning.selectors.work import steps_of
from apps.provisioning.states import JobStatus
from apps.requests.models import ResourceRequest
from apps.requests.states import RequestStatus

Act = ResourceRequest.Act
Entry = Mapping[str, Any]
# What the work is called, what is done when it is over, and what is said before the last yes.
WORDS = {
    Act.NEW: ("Build", "Built", "After the last yes; usually within two minutes"),
    Act.CHANGE: ("Change", "Changed", "After the last yes; usually within two minutes"),
    Act.DECOMMISSION: (
        "Deletion",
        "Deleted and purged",
        "Access ends with the last yes; deleted a week later, unless restored",
    ),
}


def build_entries(request: ResourceRequest) -> list[Entry]:
    """Return the work's line in the life of a request; a renewal needs none."""
    if request.act not in WORDS:
        return []
    work, done, before = WORDS[Act(request.act)]
    job = build_job(request)
    if job is None:
        undecided = request.status in (*UNDECIDED, RequestStatus.APPROVED)
        return [{"state": "next", "title": work, "text": before}] if undecided else []
    if waits_to_delete(job):
        return [_recycled(job)]
    at_work = ("now", work, job.created_at, job.trouble or steps_of(job).get(job.step, job.step))
    states: Mapping[str, tuple[str, str, datetime | None, str]] = {
        JobStatus.QUEUED: at_work,
        JobStatus.WORKING: at_work,
        JobStatus.STUCK: ("bad", f"{work} needs the platform team", job.started_at, job.trouble),
        JobStatus.REFUSED: ("bad", f"{work} refused", job.ended_at, job.trouble),
        JobStatus.CANCELLED: ("bad", f"{work} given up", job.ended_at, job.trouble),
        JobStatus.DONE: ("done", done, job.ended_at, _took(job)),
    }
    state, title, at, text = states[job.status]
    return [{"state": state, "title": title, "at": at, "text": text}]


def _recycled(job: Job) -> Entry:
    until = formats.moment(job.due_at)
    text = f"Access has ended. Until {until} UTC it can be restored on its page; then it is deleted"
    return {"state": "now", "title": "Recycle period", "at": job.created_at, "text": text}


def _took(job: Job) -> str:
    if not job.ended_at or job.purpose == Job.Purpose.DELETE:
        return ""
    return f"{formats.duration(job.ended_at - job.created_at)} after the last yes"
