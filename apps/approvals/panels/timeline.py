"""The steps of a request as its timeline tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.approvals import selectors
from apps.approvals.states import StepStatus
from apps.kernel import formats
from apps.requests.selectors import names_of
from apps.requests.states import RequestStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apps.approvals.models import Decision, Step
    from apps.requests.models import ResourceRequest
    from apps.teams.models import Person

S = StepStatus


def timeline(viewer: Person, *, request: ResourceRequest) -> dict[str, Any] | None:
    """Show each needed yes: who gave it, who gives it next, and the rule of one not needed."""
    if request.submitted_at is None or request.status == RequestStatus.SUBMITTED:
        return None
    steps = selectors.steps_seen(viewer, request)
    entries: list[dict[str, Any]] = []
    if request.status == RequestStatus.NEEDS_INFO:
        entries += [_answer(viewer, wait) for wait in selectors.waiting_for([request])[request.pk]]
    for step in steps:
        votes = list(step.decisions.all())
        entries += [_vote(step, vote) for vote in votes]
        entries += _state(viewer, request, step, steps)
    order = {"done": 0, "bad": 0, "now": 1, "next": 2}
    return {"entries": sorted(entries, key=lambda entry: order[entry["state"]])}


def _vote(step: Step, vote: Decision) -> dict[str, Any]:
    who = vote.person.name
    if vote.voice_id != vote.person_id:
        who = f"{who} for {vote.voice.name}"
    text = vote.reason or f"Rule {_code(step)}"
    if vote.carried_from_id:
        text = f"Carried over: nothing that it looks at has changed. {text}"
    return {
        "state": "bad" if vote.is_no else "done",
        "title": f"{step.label}: {vote.get_verdict_display().lower()} by {who}",
        "at": vote.at,
        "text": text,
    }


def _state(
    viewer: Person, request: ResourceRequest, step: Step, steps: Sequence[Step]
) -> Iterator[dict[str, Any]]:
    """Say what a step still waits for, or why nobody is asked."""
    if step.status == S.OPEN:
        yield _open(viewer, request, step, steps)
    elif step.status == S.CANCELLED and not step.decisions.all():
        yield {"state": "next", "title": step.label, "at": None, "text": "Not asked any more"}
    elif step.status in (S.WAITING, S.NOT_NEEDED):
        text = f"{_rule(step)}. Rule {_code(step)}"
        yield {"state": "next", "title": step.label, "at": None, "text": text}


def _open(
    viewer: Person, request: ResourceRequest, step: Step, steps: Sequence[Step]
) -> dict[str, Any]:
    people = selectors.next_actors(request, step, steps)
    title = f"{step.label}: {names_of(people, viewer) or selectors.NOBODY}"
    if request.status == RequestStatus.NEEDS_INFO:
        return {"state": "next", "title": title, "at": None, "text": "After the answer"}
    text = f"{selectors.still_needed(step)}. Rule {_code(step)}"
    if step.due_at:
        late = "was due" if step.escalated_at else "due"
        text = f"{text}, {late} {formats.moment(step.due_at)}"
    handed = [one for one in step.approvers.all() if not one.action and one.why]
    if handed:
        text = f"{text}. {handed[-1].person.name}: {handed[-1].why[:1].lower()}{handed[-1].why[1:]}"
    return {"state": "now", "title": title, "at": step.opened_at, "text": text}


def _answer(viewer: Person, wait: Any) -> dict[str, Any]:
    """Say who has to answer before anybody decides."""
    return {
        "state": "now",
        "title": f"{wait.label}: {names_of(wait.people, viewer)}",
        "at": wait.since,
        "text": f"{wait.rule}; whatever the request holds stays held. {wait.passes}",
    }


def _code(step: Step) -> str:
    return ", ".join(step.rules) or step.rule.partition(": ")[0]


def _rule(step: Step) -> str:
    sentence = step.rule.partition(": ")[2] or step.rule
    return f"{sentence[:1].upper()}{sentence[1:]}"
