"""Lists of requests: the page with its tabs and filters, home, search, export."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Window
from django.utils import timezone

from apps.kernel import keyset
from apps.requests.models import ResourceRequest
from apps.requests.selectors.visible import requests_visible
from apps.requests.states import ENDED, OPEN, RequestStatus
from apps.teams import selectors as teams
from apps.teams.models import Person
from apps.teams.roles import Action

ORDER = ("-changed_at", "-id")
TABS: Mapping[str, tuple[str, Sequence[RequestStatus]]] = {
    "open": ("Open", OPEN),
    "done": ("Done", ENDED),
    "drafts": ("Drafts", (RequestStatus.DRAFT,)),
}
STALE_DRAFT = timedelta(days=7)
MAX_TEXT = 80


@dataclass(frozen=True)
class Asked:
    """What the address of the list asks for; what it does not know means "any"."""

    tab: str = "open"
    text: str = ""
    status: str = ""
    team: str = ""
    environment: str = ""
    mine: bool = False
    cursor: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Asked":
        """Read the query of an address."""
        tab, status = query.get("tab", ""), query.get("status", "")
        return cls(
            tab=tab if tab in TABS else "open",
            text=query.get("text", "").strip()[:MAX_TEXT],
            status=status if status in RequestStatus.values else "",
            team=query.get("team", "")[:MAX_TEXT],
            environment=query.get("environment", "")[:MAX_TEXT],
            mine=query.get("mine") == "1",
            cursor=query.get("cursor", ""),
        )


def matching(viewer: Person, asked: Asked) -> QuerySet[ResourceRequest]:
    """Return the visible requests that fit the address, in no order."""
    rows = requests_visible(viewer).filter(status__in=TABS[asked.tab][1])
    if asked.status:
        rows = rows.filter(status=asked.status)
    if asked.team:
        rows = rows.filter(team__slug=asked.team)
    if asked.environment:
        rows = rows.filter(environment__slug=asked.environment)
    if asked.mine:
        rows = rows.filter(requester=viewer)
    return rows.filter(_says(asked.text)) if asked.text else rows


def filters_of(viewer: Person, asked: Asked) -> list[dict[str, Any]]:
    """List the filters that can part the viewer's requests, with their choices."""
    found: list[dict[str, Any]] = [
        {
            "key": "status",
            "name": "Status",
            "chosen": asked.status,
            "options": [(str(state), str(state.label)) for state in TABS[asked.tab][1]],
        },
        {
            "key": "team",
            "name": "Team",
            "chosen": asked.team,
            "options": list(
                teams.teams_where(viewer, Action.REQUEST_READ)
                .order_by("name")
                .values_list("slug", "name")
            ),
        },
        {
            "key": "environment",
            "name": "Environment",
            "chosen": asked.environment,
            "options": [(one.slug, one.label) for one in teams.environments()],
        },
        {
            "key": "mine",
            "name": "Asked by",
            "chosen": "1" if asked.mine else "",
            "options": [("1", "me")],
        },
    ]
    return [one for one in found if len(one["options"]) > 1 or one["key"] == "mine"]


def page_of(viewer: Person, asked: Asked) -> keyset.Page[ResourceRequest]:
    """Cut one page out of the list, last changed first."""
    return keyset.page(matching(viewer, asked), order=ORDER, cursor=asked.cursor)


def export_rows(viewer: Person, asked: Asked) -> Iterator[ResourceRequest]:
    """Return all rows of the list, one after the other."""
    return matching(viewer, asked).order_by(*ORDER).iterator(chunk_size=500)


def tab_counts(viewer: Person) -> dict[str, int]:
    """Count the requests of each tab, in one query."""
    counts = {tab: Count("pk", filter=Q(status__in=states)) for tab, (_, states) in TABS.items()}
    return requests_visible(viewer).aggregate(**counts)


def search(viewer: Person, text: str, *, most: int = 8) -> QuerySet[ResourceRequest]:
    """Find requests by number, title, workload or team."""
    return requests_visible(viewer).filter(_says(text)).order_by(*ORDER)[:most]


def _says(text: str) -> Q:
    found = (
        Q(title__icontains=text)
        | Q(workload__slug__icontains=text)
        | Q(team__name__icontains=text)
        | Q(requester__name__icontains=text)
    )
    number = text.upper().removeprefix("REQ-")
    if number.isascii() and number.isdigit() and len(number) < 19:
        found |= Q(pk=int(number))
    return found


def open_of_team(viewer: Person, team_id: int) -> QuerySet[ResourceRequest]:
    """Return the open requests of one team, last changed first."""
    return requests_visible(viewer).filter(team=team_id, status__in=OPEN).order_by(*ORDER)


def owed_by(viewer: Person, *, most: int = 5) -> QuerySet[ResourceRequest]:
    """List what the viewer owes: answers, changes, and drafts left for a week; oldest first.

    Each row knows how many there are (`total`).
    """
    if not teams.may_anywhere(viewer, Action.REQUEST_CREATE):
        return ResourceRequest.objects.none()
    waiting = Q(status__in=(RequestStatus.NEEDS_INFO, RequestStatus.RETURNED))
    left = Q(status=RequestStatus.DRAFT, changed_at__lt=timezone.now() - STALE_DRAFT)
    rows = requests_visible(viewer).filter(waiting | left, requester=viewer)
    return rows.annotate(total=Window(Count("pk"))).order_by("changed_at", "id")[:most]


def under_way_of(viewer: Person, *, most: int = 5) -> QuerySet[ResourceRequest]:
    """List what moves for the viewer: their own requests, or for a team lead the team's.

    Each row knows how many there are (`total`).
    """
    moving = [s for s in OPEN if s not in (RequestStatus.NEEDS_INFO, RequestStatus.RETURNED)]
    teams_led = teams.teams_where(viewer, Action.REQUEST_WITHDRAW)
    rows = requests_visible(viewer).filter(
        Q(requester=viewer) | Q(team__in=teams_led), status__in=moving
    )
    return rows.annotate(total=Window(Count("pk"))).order_by(*ORDER)[:most]
