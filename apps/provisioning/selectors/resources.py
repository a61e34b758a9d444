"""What was built: the list with its filters, one resource, search."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet

from apps.kernel import keyset
from apps.kernel.errors import NotFoundError
from apps.provisioning.models import Resource
from apps.provisioning.provisioner import PROVISIONERS
from apps.provisioning.states import ResourceStatus
from apps.requests.models import ResourceRequest
from apps.requests.states import RequestStatus
from apps.teams import selectors as teams
from apps.teams.models import Person, Team
from apps.teams.roles import Action

ORDER = ("-built_at", "-id")
MAX_TEXT = 80
TOLD_BEFORE = (30, 7, 1)
FILTERS = {
    "team": "team__slug",
    "environment": "environment__slug",
    "region": "region",
    "model": "facts__model",
    "status": "status",
}


@dataclass(frozen=True)
class Asked:
    """What the address of the list asks for; an empty value means "any"."""

    text: str = ""
    team: str = ""
    environment: str = ""
    region: str = ""
    model: str = ""
    status: str = ""
    cursor: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Asked":
        """Read the query of an address."""
        clean = {name: query.get(name, "")[:MAX_TEXT] for name in FILTERS}
        text = query.get("text", "").strip()[:MAX_TEXT]
        return cls(text=text, cursor=query.get("cursor", ""), **clean)


def resources_visible(viewer: Person) -> QuerySet[Resource]:
    """Return what was built for the teams whose resources the viewer may see."""
    return Resource.objects.filter(
        team__in=teams.teams_where(viewer, Action.RESOURCE_READ)
    ).select_related("team__business_unit", "workload", "environment", "placement", "request")


def resource_for(viewer: Person, pk: int) -> Resource:
    """Return one resource; one that is not visible is the same as one that does not exist."""
    found = resources_visible(viewer).filter(pk=pk).first()
    if found is None:
        raise NotFoundError
    return found


def resource_of(viewer: Person, request: ResourceRequest) -> Resource | None:
    """Return what a request is about, or has built, whatever has changed it since."""
    rows = resources_visible(viewer)
    if request.about:
        return rows.filter(pk=request.about.removeprefix("resource:")).first()
    if request.status != RequestStatus.DONE:
        return None
    later = request.acts.filter(act=ResourceRequest.Act.CHANGE, status=RequestStatus.DONE)
    if about := later.values_list("about", flat=True).first():
        return rows.filter(pk=about.removeprefix("resource:")).first()
    return rows.filter(request=request).first()


def matching(viewer: Person, asked: Asked) -> QuerySet[Resource]:
    """Return the visible resources that fit the address, in no order."""
    wanted = {field: getattr(asked, name) for name, field in FILTERS.items()}
    rows = resources_visible(viewer).filter(**{k: v for k, v in wanted.items() if v})
    return rows.filter(_says(asked.text)) if asked.text else rows


def page_of(viewer: Person, asked: Asked) -> keyset.Page[Resource]:
    """Cut one page out of the list, last built first."""
    return keyset.page(matching(viewer, asked), order=ORDER, cursor=asked.cursor)


def export_rows(viewer: Person, asked: Asked) -> Iterator[Resource]:
    """Return all rows of the list, one after the other."""
    return matching(viewer, asked).order_by(*ORDER).iterator(chunk_size=500)


def filter_values(viewer: Person) -> dict[str, list[tuple[str, str]]]:
    """List (value, label) per filter, of what the viewer has; one query."""
    rows = resources_visible(viewer).values_list(
        *("team__slug", "team__name", "environment__slug", "environment__label"),
        *("region", "facts__model", "status"),
    )
    found: dict[str, set[tuple[str, str]]] = {name: set() for name in FILTERS}
    for team, team_name, environment, label, region, model, status in rows.distinct():
        found["team"].add((team, team_name))
        found["environment"].add((environment, label))
        found["region"].add((region, region))
        found["model"].add((model or "", model or ""))
        found["status"].add((status, ResourceStatus(status).label))
    return {name: sorted(v for v in values if v[0]) for name, values in found.items()}


def of_own_teams(viewer: Person, *, most: int = 8) -> Sequence[Resource]:
    """List what the teams that the viewer may ask for have, last built first."""
    own = teams.teams_where(viewer, Action.REQUEST_CREATE)
    return list(resources_visible(viewer).filter(team__in=own).order_by(*ORDER)[:most])


def live_of_model(viewer: Person, team: Team, model: str) -> list[Resource]:
    """List what a team has of a model, all versions, first built first."""
    rows = resources_visible(viewer).filter(team=team, facts__model=model)
    return list(rows.exclude(status=ResourceStatus.RETIRED).order_by("built_at", "pk"))


def search(viewer: Person, text: str, *, most: int = 8) -> Sequence[Resource]:
    """Find resources by name, workload, team, model or account."""
    return list(resources_visible(viewer).filter(_says(text)).order_by(*ORDER)[:most])


def facts_of(resource: Resource) -> list[tuple[str, str]]:
    """List (label, value) facts of a resource as its kind words them."""
    return list(PROVISIONERS.get(resource.kind).reads(resource.facts))


def milestone(ends: date, today: date) -> date | None:
    """Return the last day on which people were to be told that something ends; None: not yet.

    Thirty days, seven days and one day before; then on the day, and every week after it.
    """
    if today >= ends:
        return ends + timedelta(days=(today - ends).days // 7 * 7)
    days = [ends - timedelta(days=before) for before in TOLD_BEFORE]
    return max((day for day in days if day <= today), default=None)


def _says(text: str) -> Q:
    return (
        Q(name__icontains=text)
        | Q(workload__slug__icontains=text)
        | Q(team__name__icontains=text)
        | Q(facts__model__icontains=text)
        | Q(placement__name__icontains=text)
    )
