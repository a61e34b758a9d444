"""What deciding adds to other pages: buttons, steps of the timeline, rules, home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse

from apps.approvals import rules as planning
from apps.approvals import selectors
from apps.approvals.selectors import policies
from apps.approvals.states import StepStatus
from apps.capacity.protocols import Claim
from apps.kernel import formats
from apps.kernel.panels import once
from apps.requests import selectors as requests
from apps.requests.kinds import KINDS, Estimate
from apps.requests.states import RequestStatus
from apps.teams import selectors as teams
from apps.teams.roles import Action

if TYPE_CHECKING:
    from apps.approvals.models import Step
    from apps.requests.models import ResourceRequest
    from apps.requests.selectors import Review
    from apps.teams.models import Person

MOST_NAMES = 3


def actions(viewer: Person, *, request: ResourceRequest) -> dict[str, Any] | None:
    """Ask, Reject, Approve for whoever may decide now; the reason for those who nearly may."""
    if request.status not in (RequestStatus.IN_REVIEW, RequestStatus.NEEDS_INFO):
        return None
    say = selectors.say_of(viewer, request)
    if not say.concerned:
        return None
    asked = _asked(request)
    return {
        "say": say,
        "asked": asked,
        "effect": _effect(request, asked, last=_is_last(request, say.step)),
        "releases": f"Gives {asked} free again. {request.requester.first_name} reads your reason.",
        "seen": {"step": say.step.pk} if say.step else {},
        "note_label": f"Note to {request.requester.first_name} (optional)",
    }


def timeline(viewer: Person, *, request: ResourceRequest) -> dict[str, Any] | None:
    """Show each needed yes: who gave it, who gives it next, and the rule of one not needed."""
    if request.submitted_at is None:
        return None
    steps = selectors.current_steps(request)
    if request.status == RequestStatus.SUBMITTED:
        return None
    entries = [_entry(viewer, request, step) for step in steps]
    if request.status == RequestStatus.NEEDS_INFO:
        now = next(i for i, step in enumerate(steps) if step.status == StepStatus.OPEN)
        entries.insert(now, _answer(viewer, request))
    return {"entries": entries}


def rules(viewer: Person, *, request: ResourceRequest) -> dict[str, Any] | None:
    """List the rules that decided who decides, each with what it found."""
    steps = selectors.current_steps(request) if request.submitted_at else []
    if not steps:
        return None
    return {
        "items": [_rule(step.label, step.rule, _tone(step), step.state.label) for step in steps]
    }


def others(viewer: Person, *, request: ResourceRequest) -> dict[str, Any] | None:
    """List what else the team asked for."""
    if request.submitted_at is None:
        return None
    found = selectors.others_of_team(viewer, request)
    return {"others": found, "team": request.team} if found else None


def who_decides(
    viewer: Person, *, review: Review, estimate: Estimate, draft: ResourceRequest | None, **_: Any
) -> dict[str, Any] | None:
    """Tell somebody who fills the form which steps it will take, or that it is denied.

    A rule that looks at what is not filled in yet is named without a verdict.
    """
    in_force = policies.in_force()
    facts = policies.facts_typed(review, estimate, act=draft.act if draft else "new")
    plan = planning.plan(in_force, facts)
    denied = [
        {"tone": "bad", "title": f"{one.rule} denies it", "detail": one.sentence.partition(": ")[2]}
        for one in plan.denied
    ]
    steps = []
    for step in plan.steps:
        open_rules = [] if estimate.complete else planning.unsettled(step, in_force, facts)
        rule = f"{open_rules[0].id}: {open_rules[0].name}" if open_rules else step.rule
        tone = "run" if step.needed and not open_rules else "off"
        steps.append(_rule(step.label, rule, tone, ""))
    return {"items": [*denied, *steps]}


def needs_me(viewer: Person) -> dict[str, Any] | None:
    """List what has waited longest for the viewer's decision."""
    steps = once(viewer, _longest_waiting)
    if not steps:
        return None
    return {
        "todos": [_todo(step) for step in steps],
        "count": steps[0].waiting,
        "all_url": reverse("inbox"),
    }


def _longest_waiting(viewer: Person) -> list[Any]:
    return list(selectors.longest_waiting(viewer))


def home_figures(viewer: Person) -> dict[str, Any] | None:
    """Count what waits and how long a yes takes; finance's page is headed by money instead."""
    decides = (Action.DECIDE_PLATFORM, Action.DECIDE_SECURITY)
    if not any(teams.may_anywhere(viewer, action) for action in decides):
        return None
    found = selectors.pace(viewer)
    first = next(iter(once(viewer, _longest_waiting)), None)
    waiting = first.waiting if first else 0
    oldest = f"the oldest since {formats.moment(first.opened_at)}" if first else "nobody waits"
    decided = f"median of {found.decided}" if found.decided else "nothing decided"
    median = formats.duration(found.median) if found.median is not None else formats.UNKNOWN
    value, _, unit = median.partition(formats.NBSP)
    return {
        "kpis": [
            {
                "label": "Waiting for you",
                "value": formats.number(waiting),
                "unit": "request" if waiting == 1 else "requests",
                "foot": oldest,
            },
            {
                "label": "From submit to the last yes",
                "value": value,
                "unit": unit,
                "foot": f"{decided} in 30 days",
            },
        ]
    }


def _rule(label: str, rule: str, tone: str, value: str) -> dict[str, Any]:
    """Lay out a step with its rule: `P-05 Finance`, `Not needed up to 2 000 USD a month`."""
    code, _, sentence = rule.partition(": ")
    detail = f"{sentence[:1].upper()}{sentence[1:]}"
    return {"tone": tone, "title": f"{code} {label}", "detail": detail, "value": value}


def _tone(step: Step) -> str:
    tones = {StepStatus.APPROVED: "good", StepStatus.REJECTED: "bad", StepStatus.OPEN: "run"}
    return tones.get(step.state, "off")


def _todo(step: Step) -> dict[str, Any]:
    request = step.request
    estimate = Estimate.from_json(request.estimate)
    expected = estimate.expected_nano
    cost = f"{formats.money(expected, 0)} a month" if expected is not None else "no price known"
    since = formats.moment(step.opened_at) if step.opened_at else formats.UNKNOWN
    return {
        "icon": "inbox",
        "tone": "",
        "title": f"{request.number}: {request.title}",
        "text": f"{request.team}, {request.requester.name}, {cost}. Waiting since {since}.",
        "url": reverse("request", args=[request.pk]),
        "act": "Decide",
    }


def _entry(viewer: Person, request: ResourceRequest, step: Step) -> dict[str, Any]:
    code, _, rule = step.rule.partition(": ")
    vote = next(iter(step.decisions.all()), None)
    if vote:
        return {
            "state": "bad" if vote.is_no else "done",
            "title": f"{step.label}: {vote.get_verdict_display().lower()} by {vote.person.name}",
            "at": vote.at,
            "text": vote.reason or f"Rule {code}",
        }
    if step.status == StepStatus.OPEN:
        names = _names(viewer, request, step) or "nobody yet; ask a platform admin"
        title = f"{step.label}: {names}"
        if request.status == RequestStatus.NEEDS_INFO:
            return {"state": "next", "title": title, "at": None, "text": "After the answer"}
        text = f"One yes is enough. Rule {code}"
        return {"state": "now", "title": title, "at": step.opened_at, "text": text}
    if step.status == StepStatus.CANCELLED:
        return {"state": "next", "title": step.label, "at": None, "text": "Not asked any more"}
    sentence = f"{rule[:1].upper()}{rule[1:]}. Rule {code}"
    return {"state": "next", "title": step.label, "at": None, "text": sentence}


def _answer(viewer: Person, request: ResourceRequest) -> dict[str, Any]:
    """Say who has to answer before anybody decides."""
    who = "you" if viewer.pk == request.requester_id else request.requester.name
    return {
        "state": "now",
        "title": f"Answer: {who}",
        "at": request.changed_at,
        "text": "A question is open; whatever the request holds stays held.",
    }


def _names(viewer: Person, request: ResourceRequest, step: Step | None) -> str:
    """Name those who may act: `you, Petra Novak or Jonas Hall`."""
    if step is None:
        return ""
    people = selectors.next_actors(request, step)
    names = ["you"] if viewer in people else []
    names += [person.name for person in people if person != viewer]
    if len(names) > MOST_NAMES:
        names = [*names[:MOST_NAMES], f"{len(names) - MOST_NAMES} more"]
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names)


def _asked(request: ResourceRequest) -> str:
    """Say what is asked for as an amount: `500 K TPM`."""
    return ", ".join(formats.quantity(one.amount, one.unit) for one in _claims(request)) or "this"


def _claims(request: ResourceRequest) -> list[Claim]:
    return list(KINDS.get(request.kind).claims(requests.payload_of(request)))


def _is_last(request: ResourceRequest, step: Step | None) -> bool:
    return step is not None and not selectors.waiting_steps(request)


def _effect(request: ResourceRequest, asked: str, *, last: bool) -> str:
    """Say what a yes does, what it costs and what the way back is."""
    region = next((claim.region for claim in _claims(request)), "")
    expected = Estimate.from_json(request.estimate).expected_nano
    cost = (
        f"about {formats.money(expected)} a month"
        if expected is not None
        else "an amount a month that no price is known for"
    )
    where = f" of {region}" if region else ""
    if not last:
        return f"Hands it on to the next step. The last yes commits {asked}{where} and {cost}."
    return (
        f"Commits {asked}{where} and {cost}. Building starts at once; "
        "from then on the request can no longer be withdrawn."
    )
