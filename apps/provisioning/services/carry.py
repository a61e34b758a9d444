"""Carry out what was approved: build, change, renew or retire; and refuse what came too late."""

from apps.kernel.actors import SYSTEM
from apps.kernel.errors import ConflictError
from apps.provisioning.events import JobRefused
from apps.provisioning.models import Resource
from apps.provisioning.selectors import resource_about
from apps.provisioning.services.built import extend
from apps.provisioning.services.endings import retire
from apps.provisioning.services.jobs import BUILDS, queue_build
from apps.provisioning.states import ResourceStatus
from apps.requests import services as requests
from apps.requests.models import ResourceRequest
from apps.requests.protocols import AboutRequest

Act = ResourceRequest.Act


def require_present(event: AboutRequest) -> None:
    """Refuse a day-2 request about what is not live, or no longer as its requester saw it.

    A guard. The resource stays locked until the request is submitted, so of two who ask at once
    the second sees what the first did.
    """
    request = _request(event.request_id)
    if request.act == Act.NEW:
        return
    resource = _about(request)
    if resource.status != ResourceStatus.LIVE:
        raise ConflictError(
            f"{resource.name} is {resource.state.label.lower()}: nothing can be asked about it any "
            "more. Restore it on its page, or ask for a new one."
        )
    if resource.request_id != request.before_id:
        raise ConflictError(
            f"{resource.name} has been changed by {resource.request.number} since this was begun. "
            "Withdraw this and begin again on its page."
        )
    if request.act == Act.RENEW and resource.expires_on is None:
        raise ConflictError(f"{resource.name} does not end by itself; nothing is to be renewed.")


def carry_out(event: AboutRequest) -> None:
    """Do what was approved. What has ended meanwhile is neither changed nor renewed."""
    request = _request(event.request_id)
    if request.act in BUILDS:
        queue_build(request.pk)
        return
    resource = _about(request)
    live = resource.status == ResourceStatus.LIVE
    if request.act == Act.RENEW and not live:
        sentence = (
            f"{resource.name} is {resource.state.label.lower()}. Restore it on its page first."
        )
        requests.return_to_requester(JobRefused(0, request.pk, sentence))
    elif request.act == Act.RENEW:
        extend(resource=resource, request=request, by=SYSTEM)
        requests.mark_fulfilled(event)
    elif live:
        retire(resource=resource, request=request, by=SYSTEM)
    else:
        requests.mark_fulfilled(event)


def _request(pk: int) -> ResourceRequest:
    return ResourceRequest.objects.select_related("team__business_unit").get(pk=pk)


def _about(request: ResourceRequest) -> Resource:
    """Lock and return what a request is about."""
    found = resource_about(request)
    if found is None:
        raise ConflictError(f"What {request.number} is about does not exist any more.")
    Resource.objects.select_for_update(no_key=True).get(pk=found.pk)
    return Resource.objects.select_related("team", "environment", "request").get(pk=found.pk)
