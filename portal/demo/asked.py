"""Requests of the past: submitted, decided and done on the day that a deployment was made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from apps.approvals.models import Decision, Step
from apps.approvals.rules import Who
from apps.approvals.selectors import policies
from apps.approvals.states import StepStatus
from apps.catalog import selectors as catalog
from apps.kernel.models import AuditEntry
from apps.requests.kinds import KINDS, Payload
from apps.requests.models import ResourceRequest
from apps.requests.states import RequestStatus
from apps.teams.models import Environment, Membership, Person, Workload
from apps.teams.roles import Action, Role
from portal.demo import data
from portal.demo.shapes import uses

KIND = "model_deployment"
DECIDES = {
    Action.DECIDE_PLATFORM: Role.PLATFORM_ADMIN,
    Action.DECIDE_SECURITY: Role.SECURITY,
    Action.DECIDE_FINANCE: Role.FINANCE,
}


@dataclass(frozen=True)
class Asked:
    """A line of deployments.csv with what it refers to; `on` is the midnight of its day."""

    said: Mapping[str, str]
    workload: Workload
    environment: Environment
    on: datetime

    @property
    def model(self) -> tuple[str, str]:
        """Model and version as asked for; Azure may have put a newer one in their place since."""
        model, version = (
            self.said["was"] or f"{self.said['model']} {self.said['version']}"
        ).split()
        return model, version

    @property
    def submitted_at(self) -> datetime:
        """In the morning."""
        return self.on + timedelta(hours=8, minutes=self.workload.pk % 60)

    @property
    def decided_at(self) -> datetime:
        """After some hours."""
        return self.submitted_at + timedelta(minutes=40 + 7 * (self.workload.pk % 30))

    @property
    def built_at(self) -> datetime:
        """Minutes later."""
        return self.decided_at + timedelta(minutes=4)


def workloads_by_path() -> dict[str, Workload]:
    """Return all workloads by `team/workload`."""
    found = Workload.objects.select_related("team__business_unit")
    return {f"{one.team.slug}/{one.slug}": one for one in found}


def read(today: datetime) -> list[Asked]:
    """Read deployments.csv; `today` is a midnight that days ago are counted from."""
    workloads = workloads_by_path()
    environments = {one.slug: one for one in Environment.objects.all()}
    return [
        Asked(
            said,
            workloads[f"{said['team']}/{said['workload']}"],
            environments[said["environment"]],
            today - timedelta(days=int(said["age_days"])),
        )
        for said in data.rows("deployments")
    ]


def ask(rows: Sequence[Asked]) -> list[ResourceRequest]:
    """Make the requests with their votes and their beginning in the audit trail."""
    requesters = _requesters()
    requests = ResourceRequest.objects.bulk_create(
        _request(row, requesters[row.workload.team_id]) for row in rows
    )
    AuditEntry.objects.bulk_create(map(_submitted, requests))
    steps = [step for row, one in zip(rows, requests, strict=True) for step in _steps(row, one)]
    Decision.objects.bulk_create(_votes(Step.objects.bulk_create(steps)))
    return requests


def _requesters() -> dict[int, Person]:
    """Say who asks for each team: a requester where there is one, else its lead."""
    held = Membership.objects.filter(team__isnull=False).select_related("person")
    # A requester comes after the lead, and stays.
    return {one.team_id: one.person for one in held.order_by("-role") if one.team_id}


def _request(asked: Asked, requester: Person) -> ResourceRequest:
    kind, payload = KINDS.get(KIND), _payload(asked)
    return ResourceRequest(
        kind=KIND,
        team=asked.workload.team,
        workload=asked.workload,
        environment=asked.environment,
        requester=requester,
        title=kind.title(payload.data),
        payload=payload.data,
        payload_version=kind.payload_version,
        estimate=kind.estimate(payload).as_json(),
        status=RequestStatus.DONE,
        created_at=asked.submitted_at,
        submitted_at=asked.submitted_at,
        changed_at=asked.built_at,
        ended_at=asked.built_at,
    )


def _submitted(request: ResourceRequest) -> AuditEntry:
    return AuditEntry(
        at=request.created_at,
        actor=request.requester.ref,
        actor_name=request.requester.name,
        verb=RequestStatus.SUBMITTED,
        subject=request.ref,
        subject_name=str(request),
        scope=request.scope,
        before={"status": RequestStatus.DRAFT},
        after={"status": RequestStatus.SUBMITTED},
    )


def _steps(asked: Asked, request: ResourceRequest) -> Iterator[Step]:
    for position, step in enumerate(policies.plan_of(request).steps, start=1):
        yield Step(
            request=request,
            position=position,
            stage=step.stage,
            label=step.label,
            action=step.who.action or "",
            who=_who(step.who),
            distinct=step.distinct,
            rule=step.rule,
            rules=list(step.rules),
            inputs=dict(step.inputs),
            status=StepStatus.APPROVED if step.needed else StepStatus.NOT_NEEDED,
            opened_at=asked.submitted_at if step.needed else None,
            ended_at=asked.decided_at if step.needed else None,
        )


def _who(who: Who) -> dict[str, Any]:
    if who.action:
        return {"action": who.action}
    people = Person.objects.filter(email__in=who.people).order_by("pk")
    return {"people": list(people.values_list("pk", flat=True)), "group": who.group}


def _votes(steps: Sequence[Step]) -> Iterator[Decision]:
    """Let the first of those who may say yes: nobody twice, as they stand in other roles."""
    deciders = {
        str(action): Person.objects.filter(memberships__role=role).earliest("pk").pk
        for action, role in DECIDES.items()
    }
    for step in steps:
        if step.ended_at:
            by = deciders[step.action] if step.action else step.who["people"][0]
            yield Decision(
                step=step,
                person_id=by,
                voice_id=by,
                requester=step.request.requester,
                verdict=Decision.Verdict.APPROVE,
                at=step.ended_at,
            )


def _payload(asked: Asked) -> Payload:
    said, (model, version) = asked.said, asked.model
    (shape, *_), calls = uses()[f"{said['team']}/{said['workload']}"]
    embeds = catalog.models()[model].task == "embedding"
    return Payload(
        data={
            "workload": str(asked.workload.pk),
            "environment": asked.environment.slug,
            "data_class": "internal" if said["sku"].startswith("Global") else "confidential",
            "purpose": f"{asked.workload.description}.",
            "model": model,
            "version": version,
            "sku": said["sku"],
            "region": said["region"],
            "capacity": int(said["capacity"]),
            "requests_per_day": calls,
            "input_tokens": shape.input_tokens,
            "output_tokens": 0 if embeds else shape.output_tokens,
        },
        workload=asked.workload.slug,
        environment=asked.environment.slug,
        tier=asked.environment.tier,
        on=asked.on.date(),
    )
