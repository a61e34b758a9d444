"""Write drafts: as typed, by those who may ask for the team."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.kernel.errors import ConflictError, NotAllowedError, NotFoundError
from apps.requests.kinds import RequestKind
from apps.requests.models import ResourceRequest
from apps.requests.selectors import FORMLESS, kind_named, may_edit, requests_visible
from apps.requests.services.rows import locked, storable
from apps.requests.states import EDITABLE
from apps.teams import selectors as teams
from apps.teams.models import Person, Team, Workload
from apps.teams.roles import Action

Act = ResourceRequest.Act
VERBS: Mapping[str, str] = {
    Act.CHANGE: "Change to ",
    Act.RENEW: "Renew ",
    Act.DECOMMISSION: "Decommission ",
}


@transaction.atomic
def save_draft(
    *,
    kind: str,
    payload: Mapping[str, Any],
    request: ResourceRequest | None = None,
    by: Person,
) -> ResourceRequest:
    """Keep what was typed, unchecked; nothing is held and nobody outside the team sees it.

    With `request`, its payload is replaced: a draft's, or that of one that came back. Raises
    InvalidError for what cannot even be stored.
    """
    what = kind_named(kind)
    typed = storable(what, payload)
    workload = _workload(typed, by)
    if request is None:
        team = workload.team if workload else _first_team(by)
        row = ResourceRequest(kind=kind, team=team, requester=by)
    else:
        row = editable(request, by)
        _refuse_formless(row)
        row.team = workload.team if workload else row.team
    row.workload = workload if request is None or workload else row.workload
    _fill(row, what, typed)
    row.save()
    return row


@transaction.atomic
def clone_request(*, request: ResourceRequest, by: Person) -> ResourceRequest:
    """Start a draft of one's own with the payload of a request that one can see."""
    original = requests_visible(by).filter(pk=request.pk).first()
    if original is None:
        raise NotFoundError
    what = kind_named(original.kind)
    payload = dict(original.payload)
    if original.payload_version != what.payload_version:
        payload = dict(what.upgrade(payload, original.payload_version))
    return save_draft(kind=original.kind, payload=payload, by=by)


def require_asker(person: Person) -> None:
    """Let somebody open the form who may ask for any team, or say who may."""
    _first_team(person)


def editable(request: ResourceRequest, by: Person) -> ResourceRequest:
    """Lock a request for somebody who may change it, or say why it cannot be changed."""
    row = locked(request.pk)
    if row.status not in EDITABLE:
        raise ConflictError(
            f"{row.number} is {row.state.label.lower()}; it cannot be changed any more. "
            "Copy it to ask for something else."
        )
    if not may_edit(by, row):
        raise NotAllowedError(f"Only somebody who may ask for {row.team} may change {row.number}.")
    return row


def title_of(row: ResourceRequest, kind: RequestKind, data: Mapping[str, Any]) -> str:
    """Name a request by what it asks for."""
    verb = VERBS.get(row.act, "")
    return f"{verb}{kind.title(data) or f'New {kind.label.lower()}'}"[:200]


def _fill(row: ResourceRequest, kind: RequestKind, typed: dict[str, Any]) -> None:
    row.title = title_of(row, kind, typed)
    row.payload = typed
    row.payload_version = kind.payload_version
    row.changed_at = timezone.now()


def _refuse_formless(row: ResourceRequest) -> None:
    if row.act in FORMLESS:
        raise ConflictError(
            f"{row.number} asks to {row.get_act_display().lower()} what is built, as it is: there "
            "is nothing to fill in. Submit it again, or withdraw it."
        )


def _workload(typed: Mapping[str, Any], by: Person) -> Workload | None:
    """Find the chosen workload among the person's own; submit refuses anything else."""
    chosen = str(typed.get("workload") or "")
    if not (chosen.isascii() and chosen.isdigit() and len(chosen) < 19):
        return None
    return teams.workloads_for(by).filter(pk=int(chosen)).first()


def _first_team(by: Person) -> Team:
    team = teams.teams_where(by, Action.REQUEST_CREATE).order_by("name").first()
    if team is None:
        raise NotAllowedError(
            "Only a requester or a team lead may ask, and you are neither of any team. "
            "A platform admin can add you to one."
        )
    return team
