"""What a request says of itself on its own page, on home and in search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse

from apps.kernel import formats
from apps.kernel.actors import SYSTEM
from apps.requests import selectors
from apps.requests.kinds import KINDS, Estimate
from apps.requests.states import EDITABLE, ENDED, RequestStatus

if TYPE_CHECKING:
    from apps.kernel.models import AuditEntry
    from apps.requests.models import ResourceRequest
    from apps.teams.models import Person

S = RequestStatus
ENDINGS = {
    S.DONE: ("done", "Done"),
    S.REJECTED: ("bad", "Rejected"),
    S.FAILED: ("bad", "Given up"),
    S.WITHDRAWN: ("bad", "Withdrawn"),
    S.EXPIRED: ("bad", "Expired"),
}


def actions(viewer: Person, *, request: ResourceRequest) -> dict[str, Any] | None:
    """Edit, submit, answer, withdraw, copy: what the team may do with its request now."""
    may = {
        "edit": selectors.may_edit(viewer, request) and request.act not in selectors.FORMLESS,
        "answer": selectors.may_answer(viewer, request),
        "change": selectors.may_take_back(viewer, request),
        "withdraw": selectors.may_withdraw(viewer, request),
        "copy": request.status not in EDITABLE
        and request.act not in selectors.FORMLESS
        and selectors.may_ask(viewer),
        "again": selectors.may_edit(viewer, request) and request.act in selectors.FORMLESS,
    }
    kept = request.submitted_at and request.act not in selectors.FORMLESS
    scopes = selectors.preset_scopes(viewer, request) if kept else []
    return {"may": may, "scopes": scopes} if scopes or any(may.values()) else None


def act(viewer: Person, *, request: ResourceRequest) -> dict[str, Any] | None:
    """Say what is asked about something built: old → new and the price of it, or what follows."""
    if request.before is None or request.submitted_at is None:
        return None
    return {"compared": selectors.compared_of(viewer, request)}


def summary(viewer: Person, *, request: ResourceRequest) -> dict[str, Any] | None:
    """Show what is asked for, in the words of its kind."""
    if request.submitted_at is None or request.kind not in KINDS:
        return None
    kind = KINDS.get(request.kind)
    payload = selectors.payload_of(request)
    return {
        "kind": kind,
        "payload": payload.data,
        "claims": kind.claims(payload),
    }


def estimate(viewer: Person, *, request: ResourceRequest) -> dict[str, Any] | None:
    """Show the estimate that was frozen at submit."""
    if request.submitted_at is None:
        return None
    return {"estimate": Estimate.from_json(request.estimate)}


def begun(viewer: Person, *, request: ResourceRequest) -> dict[str, Any]:
    """Begin the timeline: when it was submitted, and what became of earlier rounds."""
    if request.submitted_at is None:
        return {"entries": [_draft(viewer, request)]}
    told = (S.SUBMITTED, S.RETURNED, S.EXPIRED)
    moves = [move for move in selectors.history(request) if move.verb in told]
    if request.status in (S.RETURNED, S.EXPIRED) and moves and moves[-1].verb == request.status:
        moves.pop()
    return {"entries": [_past(request, move) for move in moves]}


def ended(viewer: Person, *, request: ResourceRequest) -> dict[str, Any] | None:
    """End the timeline: what became of it, or what the requester has to do."""
    status = request.state
    if status == S.RETURNED:
        who = "you" if viewer.pk == request.requester_id else request.requester.name
        entry = {
            "state": "now",
            "title": f"Change it: {who}",
            "at": request.changed_at,
            "text": request.trouble,
        }
    elif status in ENDED:
        state, title = ENDINGS[status]
        last = selectors.history(request)[-1:]
        who = f" by {last[0].actor_name}" if last and status in (S.WITHDRAWN, S.FAILED) else ""
        text = last[0].note if last and status != S.REJECTED else ""
        entry = {"state": state, "title": f"{title}{who}", "at": request.ended_at, "text": text}
    else:
        return None
    return {"entries": [entry]}


def needs_me(viewer: Person) -> dict[str, Any] | None:
    """List what the viewer owes: answers, changes, drafts left for a week."""
    return _todos([(request, _owed(request)) for request in selectors.owed_by(viewer)])


def under_way(viewer: Person) -> dict[str, Any] | None:
    """List what moves for the viewer."""
    return _todos([(request, _moving(request)) for request in selectors.under_way_of(viewer)])


def _todos(found: list[tuple[Any, dict[str, Any]]]) -> dict[str, Any] | None:
    if not found:
        return None
    return {
        "todos": [todo for _, todo in found],
        "count": found[0][0].total,
        "all_url": reverse("requests"),
    }


def _moving(request: ResourceRequest) -> dict[str, Any]:
    return {
        "icon": KINDS.get(request.kind).icon if request.kind in KINDS else "clipboard-list",
        "tone": "",
        "title": request.title,
        "text": f"{request.number}, {request.workload}, {request.environment}",
        "url": reverse("request", args=[request.pk]),
        "act": "",
        "status": request.state,
    }


def found(viewer: Person, *, query: str) -> dict[str, Any] | None:
    """Find requests by number, title, workload, team or person."""
    hits = [
        {
            "title": f"{request.number}: {request.title}",
            "text": f"{request.team}, {request.requester.name}",
            "url": reverse("request", args=[request.pk]),
            "status": request.state,
        }
        for request in selectors.search(viewer, query)
    ]
    return {"title": "Requests", "hits": hits} if hits else None


def _draft(viewer: Person, request: ResourceRequest) -> dict[str, Any]:
    if request.status == S.WITHDRAWN:
        return {"state": "done", "title": "Drafted", "at": request.created_at, "text": ""}
    mine = viewer.pk == request.requester_id
    return {
        "state": "now",
        "title": "Your draft" if mine else f"Draft of {request.requester.name}",
        "at": request.changed_at,
        "text": "Nothing is held until it is submitted.",
    }


def _past(request: ResourceRequest, move: AuditEntry) -> dict[str, Any]:
    if move.verb == S.RETURNED and move.actor == SYSTEM.ref:
        return {"state": "bad", "title": "Came back", "at": move.at, "text": move.note}
    if move.verb == S.RETURNED:
        title = f"Taken back by {move.actor_name}"
        return {"state": "done", "title": title, "at": move.at, "text": move.note}
    if move.verb == S.EXPIRED:
        return {"state": "bad", "title": "Expired", "at": move.at, "text": move.note}
    return {
        "state": "done",
        "title": f"Submitted by {move.actor_name}",
        "at": move.at,
        "text": "",
    }


def _owed(request: ResourceRequest) -> dict[str, Any]:
    page = reverse("request", args=[request.pk])
    since = formats.moment(request.changed_at)
    title = f"{request.number}: {request.title}"
    if request.status == S.NEEDS_INFO:
        return {
            "icon": "message-question",
            "tone": "warn",
            "title": title,
            "text": f"A question waits for your answer since {since}.",
            "url": f"{page}#conversation",
            "act": "Answer",
        }
    edit = reverse("request_edit", args=[request.pk])
    if request.status == S.RETURNED:
        return {
            "icon": "alert-triangle",
            "tone": "warn",
            "title": title,
            "text": request.trouble or f"It came back {since}.",
            "url": edit,
            "act": "Change",
        }
    return {
        "icon": "pencil",
        "tone": "",
        "title": title,
        "text": f"A draft since {since}. Submit it or withdraw it.",
        "url": edit,
        "act": "Go on",
    }
