"""Let what was built end: retired first, deleted when its recycle period is over, or restored.

The DELETE job is the referee: it is due at the end of the recycle period, and whoever moves it
first, the worker that claims it or the person who restores, has won.
"""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from apps.kernel import audit, formats, states
from apps.kernel.actors import SYSTEM, Actor
from apps.kernel.errors import ConflictError
from apps.kernel.events import tell
from apps.provisioning.events import (
    ResourceExpired,
    ResourceExpiring,
    ResourceRestored,
    ResourceRetiring,
)
from apps.provisioning.models import Job, Resource
from apps.provisioning.provisioner import PROVISIONERS
from apps.provisioning.selectors import milestone
from apps.provisioning.states import JobStatus, ResourceStatus
from apps.requests import selectors as asks
from apps.requests import services as requests
from apps.requests.models import ResourceRequest
from apps.requests.states import RequestStatus
from apps.teams import services as teams
from apps.teams.models import Person
from apps.teams.roles import Action

RECYCLE = timedelta(days=7)
OVERLAP = timedelta(days=1)
GRACE = timedelta(days=7)
R = ResourceStatus


@transaction.atomic
def retire(
    *,
    resource: Resource,
    request: ResourceRequest,
    by: Actor,
    after: timedelta = RECYCLE,
    access_for: timedelta = timedelta(0),
) -> Job:
    """End access `access_for` from now on, and have it deleted `after` that, unless restored.

    `request` is why: a decommission, a change that built another instead, or, where nobody renewed
    it, the request that it was built by.
    """
    now = timezone.now()
    row = _locked(resource.pk)
    until = now + after
    why = f"{request.number} says so. It is deleted after {formats.moment_exact(until)}."
    states.move(row, to=R.RETIRING, by=by, note=why, recycle_until=until)
    ends = now + access_for
    job = Job.objects.create(
        request=request,
        purpose=Job.Purpose.DELETE,
        resource=row,
        step=next(iter(PROVISIONERS.get(row.kind).ENDING)),
        facts={"access_ends": ends.isoformat()},
        due_at=until,
        created_at=now,
    )
    tell(ResourceRetiring(row.pk, request.pk, at=ends))
    return job


@transaction.atomic
def restore(*, resource: Resource, by: Person) -> Resource:
    """Undo a retirement: access again, nothing is deleted; possible until the deletion begins."""
    teams.require(by, Action.REQUEST_CREATE, resource.team)
    found = Job.objects.filter(resource=resource, purpose=Job.Purpose.DELETE).order_by("id").last()
    if found is None:
        raise ConflictError(f"{resource.name} is live; there is nothing to restore.")
    job = Job.objects.select_for_update(no_key=True).get(pk=found.pk)  # first, as workers do
    request = requests.locked(job.request_id)
    row = _locked(resource.pk)
    if row.status == R.LIVE:
        raise ConflictError(f"{row.name} is live; there is nothing to restore.")
    if row.status == R.RETIRED or job.status != JobStatus.QUEUED or job.started_at:
        raise ConflictError(
            f"The deletion of {row.name} has begun; it can no longer be restored. Copy "
            f"{row.request.number} to ask for the same again."
        )
    now = timezone.now()
    reason = f"{row.name} was restored by {by.name}."
    states.move(job, to=JobStatus.CANCELLED, by=by, note=reason, trouble=reason, ended_at=now)
    states.move(row, to=R.LIVE, by=by, recycle_until=None)
    _give_time_to_renew(row, now.date())
    if job.carries_request and request.status == RequestStatus.APPROVED:
        requests.mark_undone(request=request, reason=reason, by=by)
    since = datetime.fromisoformat(job.facts["access_ends"])
    tell(ResourceRestored(row.pk, request.pk, since=since))
    return row


def remind(*, today: date) -> None:
    """Tell of what ends soon and of what has ended, once for each milestone.

    What nobody renewed is retired where its environment says so, unless somebody has asked for
    something about it; elsewhere it stays, and its people are reminded every week.
    """
    ending = Resource.objects.filter(status=R.LIVE, expires_on__isnull=False).order_by("pk")
    for pk, ends, reminded in ending.values_list("pk", "expires_on", "reminded_on"):
        due = milestone(ends, today) if ends else None
        if due and (reminded is None or reminded < due):
            _remind(pk, today)


def note_ending(event: ResourceExpiring | ResourceExpired) -> None:
    """Keep in the audit trail that people were told."""
    row = Resource.objects.select_related("team").get(pk=event.resource_id)
    audit.record(
        subject=row.ref,
        subject_name=row.name,
        verb="reminded",
        by=SYSTEM,
        scope=row.scope,
        after={"expires_on": event.on.isoformat()},
        note=_said(event),
    )


def _said(event: ResourceExpiring | ResourceExpired) -> str:
    day = formats.day(event.on)
    if isinstance(event, ResourceExpiring):
        return f"It ends {day}, in {formats.plural(event.days, 'day')}."
    if event.retires:
        return f"It ended {day} and nobody renewed it, so it is retired now."
    return f"It ended {day} and stays until somebody renews or decommissions it."


@transaction.atomic
def _remind(pk: int, today: date) -> None:
    row = _locked(pk)
    ends = row.expires_on
    due = milestone(ends, today) if ends else None
    told = due is None or (row.reminded_on is not None and row.reminded_on >= due)
    if ends is None or told or row.status != R.LIVE:
        return
    Resource.objects.filter(pk=pk).update(reminded_on=today)
    if ends > today:
        tell(ResourceExpiring(pk, row.request_id, on=ends, days=(ends - today).days))
        return
    retires = row.environment.retires_expired and not asks.open_about(row.ref)
    tell(ResourceExpired(pk, row.request_id, on=ends, retires=retires))
    if retires:
        retire(resource=row, request=row.request, by=SYSTEM)


def _give_time_to_renew(row: Resource, today: date) -> None:
    """Give what had ended already some days, else it would be retired again at once."""
    if row.expires_on and row.expires_on <= today:
        row.expires_on, row.reminded_on = today + GRACE, today
        row.save(update_fields=["expires_on", "reminded_on"])


def _locked(pk: int) -> Resource:
    """Lock a resource until the transaction ends; rows that point to it may still be added."""
    Resource.objects.select_for_update(no_key=True).get(pk=pk)
    related = ("team__business_unit", "environment", "request", "workload")
    return Resource.objects.select_related(*related).get(pk=pk)
