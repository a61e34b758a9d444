"""The steps of one request, and who may say something to the open one."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Max, Prefetch, QuerySet

from apps.approvals.models import Decision, Step
from apps.approvals.rules.today import Needed, steps
from apps.approvals.states import StepStatus
from apps.requests import selectors as requests
from apps.requests.kinds import Estimate
from apps.requests.models import ResourceRequest
from apps.requests.states import RequestStatus
from apps.teams import selectors as teams
from apps.teams.models import Person
from apps.teams.roles import Action


@dataclass(frozen=True)
class Say:
    """May somebody decide now? `step` is the open one, `why_not` a sentence, empty if they may.

    `may_reject` is also true while a question is open: nobody has to wait for an answer to say no.
    `concerned` means that they decide for this team at all, so that the page tells them why not.
    """

    step: Step | None
    why_not: str = ""
    may_reject: bool = False
    concerned: bool = False

    @property
    def allowed(self) -> bool:
        """Whether Approve and Ask are theirs to press."""
        return self.step is not None and not self.why_not


def current_steps(request: ResourceRequest) -> list[Step]:
    """List the steps of the present round with their votes."""
    votes = Prefetch("decisions", Decision.objects.select_related("person"))
    rows = Step.objects.filter(request=request).prefetch_related(votes)
    latest = Step.objects.filter(request=request).aggregate(round=Max("round"))["round"]
    return list(rows.filter(round=latest))


def open_step(request: ResourceRequest) -> Step | None:
    """Return the step that waits for a vote."""
    return Step.objects.filter(request=request, status=StepStatus.OPEN).first()


def waiting_steps(request: ResourceRequest) -> int:
    """Count the steps that come after the open one."""
    return Step.objects.filter(request=request, status=StepStatus.WAITING).count()


def needed_steps(estimate: Estimate) -> list[Needed]:
    """Return the steps that a request with this estimate would take."""
    return steps(estimate, finance_above_usd=settings.FINANCE_DECIDES_ABOVE_USD)


def next_actors(request: ResourceRequest, step: Step | None = None) -> list[Person]:
    """List who may decide the open step; the requester never does, whatever their role."""
    step = step or open_step(request)
    if step is None:
        return []
    people = teams.people_who_may(Action(step.action), request.team)
    return [person for person in people if person.pk != request.requester_id]


def say_of(viewer: Person, request: ResourceRequest, step: Step | None = None) -> Say:
    """Say whether the viewer may decide on the open step, else why not."""
    step = step or open_step(request)
    if step is None:
        return Say(None, "Nothing is left to decide.")
    concerned = requests.may_decide(viewer, request)
    if request.requester_id == viewer.pk:
        why_not = "Nobody decides on their own request. A colleague has to."
        return Say(step, why_not, concerned=concerned)
    if not teams.may(viewer, Action(step.action), request.team):
        return Say(
            step, f"{step.label} decides now, and that is not your role.", concerned=concerned
        )
    if request.status != RequestStatus.IN_REVIEW:
        why_not = f"It waits for an answer of {request.requester.name}."
        return Say(step, why_not, may_reject=True, concerned=True)
    return Say(step, may_reject=True, concerned=True)


def others_of_team(
    viewer: Person, request: ResourceRequest, *, most: int = 5
) -> QuerySet[ResourceRequest]:
    """List what else the team asked for, last submitted first."""
    rows: QuerySet[ResourceRequest] = requests.requests_visible(viewer)
    others = rows.filter(team=request.team_id, submitted_at__isnull=False).exclude(pk=request.pk)
    return others.order_by("-submitted_at", "-id")[:most]
