"""What a step does: the second look at rights and rules, the what-if, or the kind's own step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from apps.cloud.client import Running, azure
from apps.cloud.errors import CloudError, PermanentError
from apps.provisioning.models import Job
from apps.provisioning.provisioner import PROVISIONERS, Next, Outcome, Wait, Work
from apps.provisioning.selectors import CHECK, PREVIEW, template_hash, work_of
from apps.provisioning.worker.diff import readable
from apps.requests import selectors as requests
from apps.requests.states import ENDED, RequestStatus
from apps.teams import selectors as teams
from apps.teams.roles import Action

OVER = (*(status for status in ENDED if status != RequestStatus.DONE), RequestStatus.RETURNED)


@dataclass(frozen=True)
class Previewed:
    """Azure said what a yes would change."""

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
    payload = requests.payload_of(request, held=True)
    if refused := requests.kind_named(request.kind).check(payload):
        raise PermanentError(
            f"The rules have changed since the approval. {' '.join(refused.values())}"
        )
    place = work_of(job).place
    return Next(
        sentence="Rights, residency and offer are as approved. "
        f"It goes to {place.account}: {place.why}."
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
        changes=readable(outcome.result),
        raw=outcome.result,
        template={"template": template, "parameters": parameters},
        template_hash=template_hash(kind, work),
    )
