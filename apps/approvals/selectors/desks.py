"""The steps of one request, and who may say something to those that are open."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Max, OuterRef, Prefetch, QuerySet, Subquery

from apps.approvals.models import Approver, Decision, Round, Step
from apps.approvals.selectors.voices import voices
from apps.approvals.states import StepStatus
from apps.kernel import formats
from apps.kernel.panels import once
from apps.requests import selectors as requests
from apps.requests.models import ResourceRequest
from apps.requests.states import RequestStatus
from apps.teams import selectors as teams
from apps.teams.models import Person
from apps.teams.roles import Action

OWN = "Nobody decides on their own request. A colleague has to."


@dataclass(frozen=True)
class Seat:
    """Somebody's place at one open step: whose voice they would be now, or a sentence why not.

    `voted` means that they, or all whose say they have, have said something here already.
    """

    step: Step
    voice: Person | None = None
    why_not: str = ""
    voted: bool = False


@dataclass(frozen=True)
class Say:
    """May somebody decide now? `step` is the one they would decide, for `voice`; else why not.

    `may_reject` is also true while a question is open: nobody has to wait for an answer to say no.
    `concerned` means that they decide here at all, so that the page tells them why not. `further`
    are the other open steps that are theirs too.
    """

    step: Step | None
    why_not: str = ""
    may_reject: bool = False
    concerned: bool = False
    voice: Person | None = None
    voted: bool = False
    further: Sequence[Step] = field(default=())

    @property
    def allowed(self) -> bool:
        """Whether Approve and Ask are theirs to press."""
        return self.step is not None and not self.why_not


def current_steps(request: ResourceRequest, *, lock: bool = False) -> list[Step]:
    """List the steps of the present round with their votes and the people named for them.

    To `lock` them is to vote: who is named is then read only of those who have no role for it.
    """
    steps = present_steps(request)
    if lock:
        locked = steps.select_for_update(of=("self",), no_key=True)
        return list(locked.prefetch_related(WITH_VOTES[0]))
    return list(steps.prefetch_related(*WITH_VOTES))


def present_steps(*requests: ResourceRequest) -> QuerySet[Step]:
    """Return the steps of the present round of each request."""
    rounds = Step.objects.filter(request=OuterRef("request")).order_by().values("request")
    latest = rounds.annotate(latest=Max("round")).values("latest")
    return Step.objects.filter(request__in=requests, round=Subquery(latest))


APPROVERS = Prefetch("approvers", Approver.objects.select_related("person").order_by("id"))
WITH_VOTES = (
    Prefetch("decisions", Decision.objects.select_related("person", "voice").order_by("id")),
    APPROVERS,
)


def round_of(request: ResourceRequest) -> Round | None:
    """Return the present round: the policies' words of the last submit."""
    return Round.objects.filter(request=request).order_by("-number").first()


@dataclass(frozen=True)
class _StepsOf:
    """The steps of a request, read once for a viewer's page (kernel.panels.once)."""

    request: ResourceRequest

    def __call__(self, viewer: Person) -> list[Step]:
        return current_steps(self.request)


def steps_seen(viewer: Person, request: ResourceRequest) -> list[Step]:
    """Return the present steps, read once per page however many panels show them."""
    return once(viewer, _StepsOf(request))


def votes_of(step: Step) -> list[Decision]:
    """List the votes on an open step; one that needs a single yes has none, and is not asked."""
    return list(step.decisions.all()) if step.needed > 1 else []


def open_of(steps: Iterable[Step]) -> list[Step]:
    """Pick the steps that wait for a vote."""
    return [step for step in steps if step.status == StepStatus.OPEN]


def holds(person: Person, step: Step, request: ResourceRequest) -> bool:
    """Say whether somebody may decide on a step: by their role, or by name."""
    if step.action and teams.may(person, Action(step.action), request.team):
        return True
    named = [one for one in step.approvers.all() if one.person_id == person.pk]
    return person.is_active and any(
        not one.action or teams.may(person, Action(one.action), request.team) for one in named
    )


def asked(person: int, step: Step, request: ResourceRequest) -> bool:
    """Say whether somebody asks for this, or did before a colleague submitted it again."""
    return person == request.requester_id or person in step.asked_by


def seat_at(
    step: Step,
    viewer: Person,
    request: ResourceRequest,
    steps: Sequence[Step],
    mine: Sequence[Person],
) -> Seat:
    """Find whose voice somebody would be at a step.

    `steps` are all of the round, `mine` the voices they have, their own first.
    """
    if asked(viewer.pk, step, request):
        return Seat(step, why_not=OWN)
    theirs = [voice for voice in mine if holds(voice, step, request)]
    if not theirs:
        return Seat(step, why_not=f"{step.label} decides now, and that is not your role.")
    votes = votes_of(step)
    if any(vote.person_id == viewer.pk for vote in votes):
        more = step.needed - sum(not vote.is_no for vote in votes)
        others = formats.plural(more, "more yes", "more yeses")
        why_not = f"You have said yes to {step.label} already; {others} of others are needed."
        return Seat(step, why_not=why_not, voted=True)
    if other := decided_elsewhere(viewer, step, steps):
        return Seat(step, why_not=_four_eyes(step, other))
    return _free_voice(theirs, step, request, steps)


def _free_voice(
    theirs: Sequence[Person], step: Step, request: ResourceRequest, steps: Sequence[Step]
) -> Seat:
    """Take the first voice that may still be heard, or say why the last one may not."""
    why_not, voted = "", False
    for voice in theirs:
        said = next((vote for vote in votes_of(step) if vote.voice_id == voice.pk), None)
        if asked(voice.pk, step, request):
            why_not = f"You act for {voice.name}, who asked. Nobody decides on their own request."
        elif said:
            voted = True
            why_not = f"{said.person.name} has spoken for {voice.name} here already."
            if said.person_id == voice.pk:
                why_not = f"{voice.name}, for whom you act, has decided here already."
        elif other := decided_elsewhere(voice, step, steps):
            why_not = _four_eyes(step, other)
        else:
            return Seat(step, voice)
    return Seat(step, why_not=why_not, voted=voted)


def decided_elsewhere(person: Person, step: Step, steps: Sequence[Step]) -> Step | None:
    """Find another step of the round that shuts somebody out of this one: four eyes.

    It holds both ways: whoever decided where four eyes are asked for decides nowhere else.
    """
    for other in steps:
        parted = other.pk != step.pk and (step.distinct or other.distinct)
        votes = other.decisions.all() if parted else ()
        if any(person.pk in (vote.person_id, vote.voice_id) for vote in votes):
            return other
    return None


def _four_eyes(step: Step, other: Step) -> str:
    return (
        f"Four eyes: {other.label} was decided by you or for you, "
        f"so somebody else decides for {step.label}."
    )


def say_of(
    viewer: Person,
    request: ResourceRequest,
    steps: Sequence[Step] | None = None,
    *,
    seen: int | None = None,
    mine: Sequence[Person] | None = None,
) -> Say:
    """Say whether the viewer may decide on an open step, else why not.

    Of several it is the one that they saw, else the first that is theirs. `mine` are their voices.
    """
    steps = current_steps(request) if steps is None else steps
    mine = voices(viewer) if mine is None else mine
    seats = [
        seat_at(step, viewer, request, steps, mine)
        for step in open_of(steps)
        if seen is None or step.pk == seen
    ]
    if not seats:
        return Say(None, "Nothing is left to decide.")
    free = [seat for seat in seats if seat.voice]
    concerned = requests.may_decide(viewer, request)
    if not free:
        seat = next((one for one in seats if one.voted), seats[0])
        return Say(seat.step, seat.why_not, concerned=concerned, voted=seat.voted)
    chosen, further = free[0], [seat.step for seat in free[1:]]
    why_not = ""
    if request.status != RequestStatus.IN_REVIEW:
        why_not = f"It waits for an answer of {request.requester.name}."
    return Say(
        chosen.step,
        why_not,
        may_reject=True,
        concerned=True,
        voice=chosen.voice,
        further=further,
    )


def decides_on(viewer: Person, request: ResourceRequest) -> bool:
    """Say whether somebody decides on a request by name, or for whom they act; read once."""
    return decides(viewer, request, steps_seen(viewer, request))


def decides(viewer: Person, request: ResourceRequest, steps: Sequence[Step]) -> bool:
    """Say whether somebody decides on this request at any step of the round, or did."""
    if any(asked(viewer.pk, step, request) for step in steps):
        return False
    mine = voices(viewer)
    return any(
        any(holds(voice, step, request) for voice in mine)
        or any(vote.person_id == viewer.pk for vote in step.decisions.all())
        for step in steps
        if step.status != StepStatus.NOT_NEEDED
    )


def others_of_team(
    viewer: Person, request: ResourceRequest, *, most: int = 5
) -> QuerySet[ResourceRequest]:
    """List what else the team asked for, last changed first."""
    rows: QuerySet[ResourceRequest] = requests.requests_visible(viewer)
    others = rows.filter(team=request.team_id, submitted_at__isnull=False).exclude(pk=request.pk)
    return others.order_by("-changed_at", "-id")[:most]
