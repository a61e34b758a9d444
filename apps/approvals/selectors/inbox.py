"""What waits for somebody's decision, and what they decided."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Window
from django.utils import timezone

from apps.approvals.models import Approver, Decision, Step
from apps.approvals.selectors.voices import (
    by_name,
    by_role,
    in_review,
    open_to,
    voices,
    waiting_count,
)
from apps.approvals.states import StepStatus
from apps.capacity import selectors as capacity
from apps.capacity.protocols import Claim
from apps.capacity.selectors import Free
from apps.kernel import formats, keyset
from apps.requests import selectors as requests
from apps.requests.kinds import KINDS, Estimate
from apps.requests.models import ResourceRequest
from apps.requests.states import RequestStatus
from apps.teams import selectors as teams
from apps.teams.models import BusinessUnit, Person
from apps.teams.roles import DECISIONS, Action

TABS: Mapping[str, str] = {
    "waiting": "Waiting for me",
    "held": "Waiting for an answer",
    "decided": "Decided by me",
}
WITH_REQUEST = (
    "request__team__business_unit",
    "request__workload",
    "request__environment",
    "request__requester",
)
RECENTLY = timedelta(days=30)


@dataclass(frozen=True)
class InboxRow:
    """One line of the inbox: the request, its claim on a pool, and what it is expected to cost."""

    step: Step
    request: ResourceRequest
    claim: Claim | None
    pool: Free | None
    estimate: Estimate
    decision: Decision | None = None
    on_behalf: str = ""

    @property
    def asked(self) -> int:
        """What this request takes of the pool; it is held already while it waits."""
        return self.claim.amount if self.claim else 0

    @property
    def before(self) -> int:
        """What is taken of the pool without this request."""
        return max(0, self.pool.taken - self.asked) if self.pool else 0

    @property
    def sentence(self) -> str:
        """The bar in words, for a screen reader."""
        if self.pool is None or not self.pool.limit:
            return "no quota"
        share = formats.percent((self.before + self.asked) / self.pool.limit)
        return f"{share} of {formats.quantity(self.pool.limit, self.pool.unit)} with this request"


def inbox(viewer: Person) -> QuerySet[Step]:
    """Return the open steps that the viewer may decide, for themselves or for somebody else.

    Never on a request of their own or of whom they act for, nor where they have voted, nor where
    four eyes are asked for and they were two of them.
    """
    return open_to(viewer, voices(viewer)).select_related(*WITH_REQUEST)


def involved(viewer: Person) -> Q:
    """Pick the requests that somebody sees as they decide on them by name, or have decided.

    Nothing for those who see all of them by their role.
    """
    if teams.reach(viewer, Action.REQUEST_READ).everywhere:
        return Q(pk__in=())
    me, *others = voices(viewer)
    theirs = by_name(me)
    for voice in others:
        theirs |= by_role(voice) | by_name(voice)
    open_ones = Step.objects.filter(theirs, status=StepStatus.OPEN).values("request")
    spoken = Decision.objects.filter(person=viewer).values("step__request")
    return Q(pk__in=open_ones) | Q(pk__in=spoken)


def inbox_count(viewer: Person) -> int:
    """Count what waits for the viewer."""
    return waiting_count(viewer)


def longest_waiting(viewer: Person, *, most: int = 5) -> QuerySet[Step]:
    """List what has waited longest for the viewer; each row knows how much waits (`waiting`)."""
    rows = in_review(inbox(viewer)).annotate(waiting=Window(Count("pk")))
    if not waiting_count(viewer):
        return rows.none()
    return rows.order_by("opened_at", "id")[:most]


def decided_by(viewer: Person) -> QuerySet[Step]:
    """Return the steps that the viewer voted on, for teams that they still see."""
    return (
        Step.objects.filter(
            _seen("request", viewer), decisions__person=viewer, decisions__carried_from=None
        )
        .annotate(decided_at=F("decisions__at"))
        .select_related(*WITH_REQUEST)
    )


def _seen(request: str, viewer: Person) -> Exists:
    """Pick rows whose request the viewer sees, row by row: all that they see may be very many."""
    return Exists(requests.requests_visible(viewer).filter(pk=OuterRef(request)))


def tab_counts(viewer: Person) -> dict[str, int]:
    """Count what waits, and what waits for an answer, in one query."""
    return inbox(viewer).aggregate(
        waiting=Count("pk", filter=Q(request__status=RequestStatus.IN_REVIEW)),
        held=Count("pk", filter=Q(request__status=RequestStatus.NEEDS_INFO)),
    )


def inbox_page(viewer: Person, *, tab: str, unit: str, cursor: str) -> keyset.Page[Step]:
    """Cut one page out of a tab: the longest wait first, or the last decision first."""
    if tab == "decided":
        rows, order = decided_by(viewer), ("-decided_at", "-id")
    else:
        rows, order = inbox(viewer), ("opened_at", "id")
        status = RequestStatus.NEEDS_INFO if tab == "held" else RequestStatus.IN_REVIEW
        rows = rows.filter(request__status=status)
    if unit:
        rows = rows.filter(request__team__business_unit__slug=unit)
    return keyset.page(rows, order=order, cursor=cursor)


def units_of(viewer: Person) -> QuerySet[BusinessUnit]:
    """List the business units whose requests the viewer decides on."""
    mine = Q(pk__in=())
    for voice in voices(viewer):
        for action in DECISIONS:
            mine |= Q(teams__in=teams.teams_where(voice, action))
    return BusinessUnit.objects.filter(mine).distinct().order_by("name")


def rows_of(steps: Iterable[Step], viewer: Person) -> list[InboxRow]:
    """Add claims, pools and estimates to steps: one query per subscription, however many rows."""
    steps = list(steps)
    claims = {step.pk: _claim(step.request) for step in steps}
    pools = _pools(claim for claim in claims.values() if claim)
    said = Decision.objects.filter(step__in=steps, person=viewer).select_related("voice")
    votes = {vote.step_id: vote for vote in said}
    named = _named(steps, viewer)
    return [
        InboxRow(
            step=step,
            request=step.request,
            claim=(claim := claims[step.pk]),
            pool=pools.get((claim.tier, claim.region, claim.meter)) if claim else None,
            estimate=Estimate.from_json(step.request.estimate),
            decision=(vote := votes.get(step.pk)),
            on_behalf=_on_behalf(viewer, step, vote, named),
        )
        for step in steps
    ]


def _on_behalf(
    viewer: Person, step: Step, vote: Decision | None, named: Collection[tuple[int, int]]
) -> str:
    """Name for whom the viewer decides, or has decided, if not for themselves."""
    if vote:
        return "" if vote.voice_id == viewer.pk else vote.voice.name
    for voice in voices(viewer):
        by_role = step.action and teams.may(voice, Action(step.action), step.request.team)
        if by_role or (step.pk, voice.pk) in named:
            return "" if voice == viewer else voice.name
    return ""


def _named(steps: Sequence[Step], viewer: Person) -> set[tuple[int, int]]:
    """Find who of the viewer's voices is named for which step, unless they have one voice only."""
    mine = voices(viewer)
    if len(mine) < 2:
        return set()
    rows = Approver.objects.filter(step__in=steps, person__in=mine)
    return set(rows.values_list("step", "person"))


def _claim(request: ResourceRequest) -> Claim | None:
    if request.kind not in KINDS:
        return None
    found = KINDS.get(request.kind).claims(requests.payload_of(request))
    return found[0] if found else None


def _pools(claims: Iterable[Claim]) -> dict[tuple[str, str, str], Free]:
    meters: dict[str, set[str]] = {}
    for claim in claims:
        meters.setdefault(claim.tier, set()).add(claim.meter)
    return {
        (tier, region, meter): pool
        for tier, names in meters.items()
        for (region, meter), pool in capacity.free_by_region(tier=tier, meters=names).items()
    }


@dataclass(frozen=True)
class Pace:
    """How long the last yes took, in the last 30 days."""

    decided: int
    median: timedelta | None


def pace(viewer: Person) -> Pace:
    """Take the median time from submit to the last yes, for those who decide.

    What was approved by yeses that were said before it was submitted again counts for nothing.
    """
    votes = (
        Decision.objects.filter(
            _seen("step__request", viewer),
            verdict=Decision.Verdict.APPROVE,
            carried_from=None,
            at__gte=timezone.now() - RECENTLY,
        )
        .filter(at__gte=F("step__request__submitted_at"))
        .exclude(step__request__status__in=(RequestStatus.IN_REVIEW, RequestStatus.NEEDS_INFO))
        .values("step__request")
        .annotate(yes_at=Max("at"))
        .order_by()
    )
    times = votes.values_list("step__request__submitted_at", "yes_at")
    took = sorted(yes - submitted for submitted, yes in times)
    return Pace(
        decided=len(took),
        median=took[len(took) // 2] if took else None,
    )
