"""Which requests somebody sees, and what they may do to one."""

from django.db.models import Q, QuerySet

from apps.kernel.errors import NotFoundError
from apps.kernel.models import AuditEntry
from apps.requests.models import Message, ResourceRequest
from apps.requests.selectors.deciding import DECIDING
from apps.requests.states import EDITABLE, UNDECIDED, WITHDRAWABLE, RequestStatus
from apps.teams import selectors as teams
from apps.teams.models import Person
from apps.teams.roles import Action

DECIDES = (Action.DECIDE_PLATFORM, Action.DECIDE_FINANCE, Action.DECIDE_SECURITY)


def reading(rows: QuerySet[ResourceRequest]) -> QuerySet[ResourceRequest]:
    """Fetch with each request what every page says of it."""
    return rows.select_related(
        *("team__business_unit", "workload", "environment", "requester"),
        *("before__workload", "before__environment"),
    )


def requests_visible(viewer: Person) -> QuerySet[ResourceRequest]:
    """Return the requests of the viewer's teams, and those that they decide on by name.

    A draft is seen by those who may submit it.
    """
    seen = Q(submitted_at__isnull=False, team__in=teams.teams_where(viewer, Action.REQUEST_READ))
    if may_ask(viewer):
        seen |= Q(team__in=teams.teams_where(viewer, Action.REQUEST_CREATE))
    for _, one in DECIDING.items():
        seen |= one.involved(viewer)
    return reading(ResourceRequest.objects.filter(seen))


def request_for(viewer: Person, pk: int) -> ResourceRequest:
    """Return one request; one that is not visible is the same as one that does not exist."""
    found = requests_visible(viewer).filter(pk=pk).first()
    if found is None:
        raise NotFoundError
    return found


def may_ask(viewer: Person) -> bool:
    """Say whether the viewer may ask for something at all."""
    return teams.may_anywhere(viewer, Action.REQUEST_CREATE)


def may_edit(viewer: Person, request: ResourceRequest) -> bool:
    """Say whether the viewer may change and submit it: a draft of the team, or what came back."""
    return request.status in EDITABLE and teams.may(viewer, Action.REQUEST_CREATE, request.team)


def may_withdraw(viewer: Person, request: ResourceRequest) -> bool:
    """Say whether the viewer may take it back: their own, or a colleague's as team lead."""
    if request.status not in WITHDRAWABLE:
        return False
    if request.requester_id == viewer.pk:
        return teams.may(viewer, Action.REQUEST_READ, request.team)
    return teams.may(viewer, Action.REQUEST_WITHDRAW, request.team)


def may_take_back(viewer: Person, request: ResourceRequest) -> bool:
    """Say whether the viewer may take it out of its review to change it: who may ask for it."""
    return request.status in UNDECIDED and teams.may(viewer, Action.REQUEST_CREATE, request.team)


def may_answer(viewer: Person, request: ResourceRequest) -> bool:
    """Say whether the viewer may answer the open question: anybody who may ask for the team."""
    return request.status == RequestStatus.NEEDS_INFO and teams.may(
        viewer, Action.REQUEST_CREATE, request.team
    )


def may_decide(viewer: Person, request: ResourceRequest) -> bool:
    """Say whether the viewer decides for this team, or on this request by name, at any step."""
    if any(teams.may(viewer, action, request.team) for action in DECIDES):
        return True
    return any(one.decides(viewer, request) for _, one in DECIDING.items())


def reads_internal(viewer: Person, request: ResourceRequest) -> bool:
    """Say whether notes for approvers are theirs: they decide, and do not ask."""
    return request.requester_id != viewer.pk and may_decide(viewer, request)


def conversation(viewer: Person, request: ResourceRequest) -> QuerySet[Message]:
    """List what was said, oldest first; internal notes only for those who decide."""
    rows = Message.objects.filter(request=request).select_related("author")
    return rows if reads_internal(viewer, request) else rows.filter(internal=False)


def history(request: ResourceRequest) -> list[AuditEntry]:
    """List the moves of a request, oldest first."""
    rows = AuditEntry.objects.filter(subject=request.ref, verb__in=RequestStatus.values)
    return list(rows.order_by("id"))
