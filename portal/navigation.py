"""The rail: where a person may go, and how much waits for them there."""

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from apps.approvals import selectors as approvals
from apps.teams import selectors as teams
from apps.teams.roles import Action

DECIDES = (Action.DECIDE_PLATFORM, Action.DECIDE_FINANCE, Action.DECIDE_SECURITY)


@dataclass(frozen=True)
class Item:
    """One destination; `count` things wait there, `hot` when they wait for this person."""

    label: str
    url: str
    icon: str
    current: bool = False
    count: int = 0
    hot: bool = False


@dataclass(frozen=True)
class Group:
    """Destinations under one title."""

    title: str
    items: list[Item] = field(default_factory=list)


def rail(request: HttpRequest) -> list[Group]:
    """List the groups of the rail for the signed-in person."""
    person: Any = request.user
    residency = reverse("residency")  # below the catalogue's address, but a place of its own

    def item(name: str, label: str, icon: str, count: int = 0) -> Item:
        url = reverse(name)
        inside = url != "/" and request.path.startswith(url)
        elsewhere = name == "catalogue" and request.path.startswith(residency)
        here = request.path == url or (inside and not elsewhere)
        return Item(label, url, icon, current=here, count=count, hot=bool(count))

    work = [item("home", "Home", "home")]
    waiting = approvals.inbox_count(person)
    if waiting or any(teams.may_anywhere(person, action) for action in DECIDES):
        work.append(item("inbox", "Inbox", "inbox", waiting))
    work.append(item("catalogue", "Catalogue", "layout-grid"))
    work.append(item("capacity", "Capacity", "scale"))
    if teams.may_anywhere(person, Action.REQUEST_READ):
        work.append(item("requests", "Requests", "clipboard-list"))
        work.append(item("resources", "Deployments", "rocket"))
    see = []
    if teams.may_anywhere(person, Action.USAGE_READ):
        see.append(item("usage", "Usage", "chart-bar"))
        see.append(item("latency", "Latency", "activity"))
        see.append(item("cost", "Cost", "coins"))
        see.append(item("calls", "Calls", "table"))
    rules = [item("residency", "Residency", "world")]
    if approvals.may_read_policies(person):
        rules.append(item("policies", "Policies", "gavel"))
    if teams.may_anywhere(person, Action.AUDIT_READ):
        rules.append(item("audit", "Audit", "history"))
    groups = [Group("", work), Group("See", see), Group("Rules", rules)]
    return [group for group in groups if group.items]


def scope_of(person: Any) -> dict[str, str]:
    """Name whom the person speaks for: the widest membership first."""
    held = sorted(
        person.held,
        key=lambda m: (m.team_id is not None, m.business_unit_id is not None),
    )
    if not held:
        return {"name": "No team yet", "detail": "ask a platform admin"}
    first = held[0]
    role = first.get_role_display().lower()
    if first.team:
        return {"name": first.team.name, "detail": f"{first.team.business_unit.name} · {role}"}
    if first.business_unit:
        return {"name": first.business_unit.name, "detail": f"business unit · {role}"}
    return {"name": "Whole platform", "detail": role}
