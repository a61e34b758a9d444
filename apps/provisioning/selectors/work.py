"""What a job works on: its steps, its names, its place and its template."""

import hashlib
import json
from collections.abc import Mapping

from django.db.models import Q

from apps.capacity import selectors as capacity
from apps.capacity.models import Placement
from apps.cloud.errors import NeedsPersonError
from apps.provisioning.models import Job, Resource
from apps.provisioning.provisioner import PROVISIONERS, Place, Work
from apps.provisioning.states import ResourceStatus
from apps.requests import selectors as requests
from apps.requests.models import ResourceRequest
from apps.requests.states import ENDED, RequestStatus

CHECK, PREVIEW = "check", "preview"
# A name stays taken while somebody may still build under it, or has built under it.
FREED = [status for status in ENDED if status != RequestStatus.DONE]


def steps_of(job: Job) -> Mapping[str, str]:
    """List the steps of a job, name → label, in order."""
    if job.purpose == Job.Purpose.WHAT_IF:
        return {PREVIEW: "Preview"}
    if job.purpose == Job.Purpose.DELETE:
        return PROVISIONERS.get(job.request.kind).ENDING
    return {CHECK: "Check", **PROVISIONERS.get(job.request.kind).STEPS}


def resource_about(request: ResourceRequest) -> Resource | None:
    """Return the resource that a change, a renewal or a decommission is about."""
    if not request.about:
        return None
    pk = request.about.removeprefix("resource:")
    return Resource.objects.select_related("placement__subscription").filter(pk=pk).first()


def in_place(request: ResourceRequest) -> Resource | None:
    """Return what a request changes where it is; None where something is built anew."""
    if not requests.stays_in_place(request):
        return None
    return resource_about(request)


def work_of(job: Job) -> Work:
    """Put together what a step gets; NeedsPersonError when no place is held any more."""
    if job.purpose == Job.Purpose.DELETE:
        assert job.resource is not None  # noqa: S101  the database has it
        work: Work | None = _on(job.resource, job.request, neighbours=_neighbours(job.resource))
    else:
        work = _work(job.request, name=job.facts.get("name", ""))
    if work is None:
        raise NeedsPersonError(
            "No account is held for this request any more, so there is nowhere to build it. Give "
            "up; the requester can clone the request and submit it again."
        )
    return Work(
        **{**vars(work), "subject": job.ref, "facts": job.facts, "operation": job.operation}
    )


def _work(request: ResourceRequest, *, name: str) -> Work | None:
    if changed := in_place(request):
        return _on(changed, request)
    placed = capacity.place_of(request.ref)
    if placed is None:
        return None
    return Work(
        request_id=request.pk,
        subject=request.ref,
        payload=requests.payload_of(request, held=True).data,
        place=_place(placed.placement, placed.why),
        name=name or name_for(request, placed.placement),
        stack_name=f"req-{request.pk}",
        tags=_tags(request),
    )


def _on(resource: Resource, request: ResourceRequest, *, neighbours: int = 0) -> Work:
    """Work on what is there already, under the names that it has."""
    assert resource.placement is not None  # noqa: S101  only what is adopted may have none
    return Work(
        request_id=request.pk,
        subject=request.ref,
        payload=requests.payload_of(request, held=True).data,
        place=_place(resource.placement, "it is there already"),
        name=resource.name,
        stack_name=resource.stack_id.rsplit("/", 1)[-1],
        tags=_tags(request),
        azure_id=resource.azure_id,
        neighbours=neighbours,
    )


def _place(placement: Placement, why: str) -> Place:
    return Place(
        subscription_id=placement.subscription.azure_id,
        resource_group=placement.resource_group,
        account=placement.name,
        region=placement.region,
        why=why,
    )


def _tags(request: ResourceRequest) -> Mapping[str, str]:
    team, workload, environment = request.team, request.workload, request.environment
    assert workload is not None  # noqa: S101  the database has both from submit on
    assert environment is not None  # noqa: S101
    return {
        "request": request.number,
        "team": team.slug,
        "workload": workload.slug,
        "environment": environment.slug,
        "cost-centre": team.cost_centre or team.business_unit.cost_centre,
    }


def _neighbours(resource: Resource) -> int:
    """Count what else is on the same account."""
    others = Resource.objects.filter(placement=resource.placement).exclude(pk=resource.pk)
    return others.exclude(status=ResourceStatus.RETIRED).count()


def name_for(request: ResourceRequest, placement: Placement) -> str:
    """Choose the name in Azure: the kind's own, with the request's number where it is taken.

    Two teams may have workloads of one name on a shared account.
    """
    assert request.workload is not None  # noqa: S101
    assert request.environment is not None  # noqa: S101
    name = PROVISIONERS.get(request.kind).name(
        request.payload, workload=request.workload.slug, environment=request.environment.slug
    )
    here = Q(placement=placement, name__iexact=name)
    built = Resource.objects.filter(here).exclude(status=ResourceStatus.RETIRED)
    planned = Job.objects.filter(facts__account=placement.name, facts__name__iexact=name)
    taken = (
        built.exclude(request=request).exists()
        or planned.exclude(request=request).exclude(request__status__in=FREED).exists()
    )
    return f"{name}-{request.pk}" if taken else name


def template_hash(kind: str, work: Work) -> str:
    """Identify what would be sent; a what-if holds for this template and these parameters only."""
    document = json.dumps(PROVISIONERS.get(kind).template(work), sort_keys=True)
    return hashlib.sha256(document.encode()).hexdigest()


def present_hash(request: ResourceRequest, *, name: str) -> str:
    """Return the hash of what would be sent now, empty where there is no place for it."""
    work = _work(request, name=name)
    return template_hash(request.kind, work) if work else ""
