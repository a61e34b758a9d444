"""Keep what a build made, and say until when it lives."""

from datetime import date, datetime, timedelta
from typing import Any

from apps.approvals import selectors as approvals
from apps.capacity import selectors as capacity
from apps.kernel import audit
from apps.kernel.actors import SYSTEM, Actor
from apps.provisioning.events import JobDone
from apps.provisioning.models import Job, Resource
from apps.provisioning.provisioner import Built
from apps.provisioning.selectors import resource_about
from apps.provisioning.services.endings import OVERLAP, retire
from apps.provisioning.states import ResourceStatus
from apps.requests.models import ResourceRequest
from apps.teams import selectors as teams
from apps.teams.models import Environment


def keep_built(*, job: Job, built: Built, at: datetime) -> JobDone:
    """Note what was built, or changed where it is, and return what is to be told.

    What a change built anew takes the place of the old one, which answers a little longer, so that
    its callers can move; then it is deleted.
    """
    request = job.request
    if job.resource:
        resource = job.resource
        _write(resource, {"request": request, "facts": dict(built.facts)})
    else:
        old = resource_about(request)
        resource, _ = Resource.objects.update_or_create(
            request=request, defaults=_made(job, built, at, old)
        )
        if old and old.status == ResourceStatus.LIVE:
            retire(resource=old, request=request, by=SYSTEM, after=OVERLAP, access_for=OVERLAP)
    return JobDone(job.pk, request.pk, resource_id=resource.pk, facts=built.facts)


def extend(*, resource: Resource, request: ResourceRequest, by: Actor) -> None:
    """Let a resource live another lifetime of its environment from today on; never shorter."""
    before, ends = resource.expires_on, end_of(resource.environment)
    if before and ends:
        ends = max(before, ends)
    _write(resource, {"expires_on": ends, "reminded_on": teams.today()})
    audit.record(
        subject=resource.ref,
        subject_name=resource.name,
        verb="renewed",
        by=by,
        scope=resource.scope,
        before={"expires_on": before and before.isoformat()},
        after={"expires_on": ends and ends.isoformat()},
        note=request.number,
    )


def end_of(environment: Environment) -> date | None:
    """Return the day on which something built or renewed today ends; None: it does not end."""
    days = environment.lifetime_days
    return teams.today() + timedelta(days=days) if days else None


def last_day(request: ResourceRequest, old: Resource | None) -> date | None:
    """Return the day on which what is built now ends: at the latest as agreed with an offer."""
    usual = end_of(request.environment) if request.environment else None
    days = (old.expires_on if old else usual, approvals.agreed_until(request))
    return min((day for day in days if day), default=None)


def _made(job: Job, built: Built, at: datetime, old: Resource | None) -> dict[str, Any]:
    request, placed = job.request, capacity.place_of(job.request.ref)
    assert request.workload is not None  # noqa: S101  the database has both from submit on
    assert request.environment is not None  # noqa: S101
    return {
        "kind": request.kind,
        "team": request.team,
        "workload": request.workload,
        "environment": request.environment,
        "placement": placed.placement if placed else None,
        "name": job.facts["name"],
        "region": placed.placement.region if placed else "",
        "azure_id": built.azure_id,
        "stack_id": built.stack_id,
        "facts": dict(built.facts),
        "expires_on": last_day(request, old),
        "reminded_on": old.reminded_on if old else at.date(),
    }


def _write(resource: Resource, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(resource, name, value)
    resource.save(update_fields=list(changes))
