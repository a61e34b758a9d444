"""What a step does: the second look at rights and rules, the what-if, or the kind's own step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction

from apps.approvals import services as approvals
from apps.cloud.client import Running, azure
from apps.cloud.errors import CloudError, NeedsPersonError, PermanentError
from apps.provisioning.models import Job
from apps.provisioning.provisioner import PROVISIONERS, Check, Next, Outcome, Wait, Work
from apps.provisioning.selectors import (
    CHECK,
    PREVIEW,
    resource_about,
    template_hash,
    work_of,
)
from apps.provisioning.states import ResourceStatus
from apps.provisioning.worker.diff import readable
from apps.requests import selectors as requests
from apps.requests.models import ResourceRequest
from apps.requests.states import ENDED, RequestStatus
from apps.teams import selectors as teams
from apps.teams.roles import Action

OVER = (*(status for status in ENDED if status != RequestStatus.DONE), RequestStatus.RETURNED)


@dataclass(frozen=True)
class Previewed:
    """Azure said what a yes would change."""

    checks: list[dict[str, Any]]
    changes: list[dict[str, Any]]
    raw: Mapping[str, Any]
    template: Mapping[str, Any]
    template_hash: str


Ended = Outcome | Previewed | CloudError


def run(job: Job) -> Outcome | Previewed:
    """Run the job's step; raises CloudError."""
    if job.step == CHECK:
        return check(job)
    if job.step == PREVIEW and job.request.status in OVER:
        raise PermanentError(
            f"{job.request.number} is {job.request.state.label.lower()}: "
            "there is nothing to preview."
        )
    work = work_of(job)
    if job.step == PREVIEW:
        return preview(job.request.kind, work)
    return PROVISIONERS.get(job.request.kind).run(job.step, work)


def check(job: Job) -> Outcome:
    """Check again what may have changed since the approval: rights, residency, offer, place."""
    request = job.request
    if not teams.may(request.requester, Action.REQUEST_CREATE, request.team):
        raise PermanentError(
            f"{request.requester.name} may not ask for {request.team.name} any more, so it was not "
            "built. Somebody who may can clone the request and submit it."
        )
    _refuse_ended(request)
    _refuse_forbidden(request)
    payload = requests.payload_of(request, held=True)
    if refused := requests.kind_named(request.kind).check(payload):
        raise PermanentError(
            f"The rules have changed since the approval. {' '.join(refused.values())}"
        )
    work = work_of(job)
    found = PROVISIONERS.get(request.kind).preflight(work)
    _refuse_failed(found)
    return Next(
        facts={"checks": [vars(one) for one in found]},
        sentence="Rights, residency and offer are as approved, and nothing in Azure stands in the "
        f"way. It goes to {work.place.account}: {work.place.why}.",
    )


def _refuse_failed(found: Sequence[Check]) -> None:
    """Give it back with all that would not pass, or to a person who can put it right first."""
    failed = [one for one in found if one.passed is False]
    if failed:
        helped = all(one.needs_person for one in failed)
        refused = NeedsPersonError if helped else PermanentError
        raise refused(" ".join(one.sentence for one in failed))


def _refuse_forbidden(request: ResourceRequest) -> None:
    """Refuse what a policy forbids by now, or what too few of those who may decide stand for."""
    with transaction.atomic():
        forbidden = approvals.still_allowed(request.pk)
    if forbidden:
        raise PermanentError(f"It may not be built any more. {forbidden}")


def _refuse_ended(request: ResourceRequest) -> None:
    """Refuse a change of what is not there any more, or not as it was when it was asked for."""
    about = resource_about(request)
    if about is None:
        return
    if about.status != ResourceStatus.LIVE:
        raise PermanentError(
            f"{about.name} is {about.state.label.lower()} by now, so it was not changed. Restore "
            "it on its page, then submit this again."
        )
    if about.request_id != request.before_id:
        raise PermanentError(
            f"{about.request.number} changed {about.name} meanwhile. Begin again on its page."
        )


def preview(kind: str, work: Work) -> Wait | Previewed:
    """Ask Azure for the what-if, or look whether it is ready."""
    client = azure(work.place.subscription_id, subject=work.subject)
    provisioner = PROVISIONERS.get(kind)
    if work.operation:
        outcome = client.look(work.operation)
    else:
        outcome = client.begin_what_if(
            work.place.resource_group, f"what-if-{work.stack_name}", *provisioner.preview(work)
        )
    if isinstance(outcome, Running):
        return Wait(
            outcome.token,
            timedelta(seconds=outcome.retry_after),
            "Azure works out what would change.",
        )
    template, parameters = provisioner.template(work)
    return Previewed(
        checks=[vars(one) for one in provisioner.preflight(work)],
        changes=readable(outcome.result),
        raw=outcome.result,
        template={"template": template, "parameters": parameters},
        template_hash=template_hash(kind, work),
    )
