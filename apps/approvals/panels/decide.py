"""What somebody who decides may do now, and what each choice would mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.approvals import selectors
from apps.approvals.states import StepStatus
from apps.capacity.protocols import Claim
from apps.kernel import formats
from apps.requests import selectors as requests
from apps.requests.kinds import KINDS, Estimate
from apps.requests.states import UNDECIDED, RequestStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.approvals.models import Step
    from apps.approvals.selectors import Say
    from apps.requests.models import ResourceRequest
    from apps.teams.models import Person


def actions(viewer: Person, *, request: ResourceRequest) -> dict[str, Any] | None:
    """Ask, Reject, Approve for whoever may decide now; the reason for those who nearly may."""
    if request.status not in UNDECIDED:
        return None
    steps = selectors.steps_seen(viewer, request)
    say = selectors.say_of(viewer, request, steps)
    handed = _handed_on(viewer, request, steps, say)
    if not say.concerned and not handed:
        return None
    asked = _asked(request)
    voice = say.voice
    return {
        "say": say,
        "handed": handed,
        "asked": asked,
        "on_behalf": f"for {voice.name}" if voice and voice != viewer else "",
        "effect": _effect(request, asked, say, steps),
        "releases": f"Gives {asked} free again. {request.requester.first_name} reads your reason.",
        "seen": {"step": say.step.pk} if say.step else {},
        "note_label": f"Note to {request.requester.first_name} (optional)",
    }


def choices(viewer: Person, *, request: ResourceRequest) -> dict[str, Any] | None:
    """Say what each choice of whoever decides now would mean, beside one another."""
    if request.status != RequestStatus.IN_REVIEW:
        return None
    steps = selectors.steps_seen(viewer, request)
    say = selectors.say_of(viewer, request, steps)
    if say.step is None or not say.allowed:
        return None
    asked, who = _asked(request), request.requester.first_name
    voice = f" for {say.voice.name}" if say.voice and say.voice != viewer else ""
    further = ", ".join(step.label for step in say.further)
    kind = KINDS.get(request.kind)
    hand_on = ("users", "Hand on", "A colleague may decide for this step too, and sees it.")
    meanings = [
        ("check", "Approve", _effect(request, asked, say, steps)),
        ("pencil", "Offer less or elsewhere", _offering(who)),
        (
            "message-question",
            "Ask",
            f"{who} reads your question; the clock stands still and {asked} stay held until the "
            "answer.",
        ),
        *([hand_on] if _handed_on(viewer, request, steps, say) else []),
        ("x", "Reject", f"Ends it at once and gives {asked} free again. {who} reads your reason."),
    ]
    return {
        "title": f"You decide for {say.step.label}{voice}",
        "further": f"After this you decide for {further} too." if further else "",
        "choices": meanings if kind.offers else [one for one in meanings if one[0] != "pencil"],
    }


def offer(viewer: Person, *, request: ResourceRequest) -> dict[str, Any] | None:
    """Show the offer that waits for the team's word, old beside new, with what they may do."""
    if request.status != RequestStatus.NEEDS_INFO:
        return None
    found = selectors.open_offer(request)
    if found is None:
        return None
    mine = viewer.pk in (found.made_by_id, found.voice_id)
    steps = {step.pk: step for step in selectors.steps_seen(viewer, request)}
    step = steps.get(found.step_id)
    holds = step is not None and any(
        selectors.holds(voice, step, request) for voice in selectors.voices(viewer)
    )
    return {
        "offered": selectors.offered(found, request, request.requester),
        "who": found.made_by.name
        + (f" for {found.voice.name}" if found.voice_id != found.made_by_id else ""),
        "may_answer": requests.may_answer(viewer, request) and not mine,
        "may_take_back": mine or (holds and viewer.pk != request.requester_id),
        "step": found.step.label,
    }


def _handed_on(
    viewer: Person, request: ResourceRequest, steps: Sequence[Step], say: Say
) -> Step | None:
    """Find the step that the viewer may hand on: theirs, or as a platform admin the first."""
    mine = selectors.voices(viewer)
    theirs = [say.step] if say.step and say.voice else selectors.open_of(steps)
    found = (one for one in theirs if selectors.may_hand_on(viewer, one, request, steps, mine))
    return next(found, None)


def _offering(who: str) -> str:
    return (
        f"{who} accepts with one click or declines. Accepted, it is submitted anew with your yes "
        "to exactly that; until then the clock stands still."
    )


def _asked(request: ResourceRequest) -> str:
    """Say what is asked for as an amount: `500 K TPM`."""
    return ", ".join(formats.quantity(one.amount, one.unit) for one in _claims(request)) or "this"


def _claims(request: ResourceRequest) -> list[Claim]:
    return list(KINDS.get(request.kind).claims(requests.payload_of(request)))


def _effect(request: ResourceRequest, asked: str, say: Say, steps: Sequence[Step]) -> str:
    """Say what a yes does, what it costs and what the way back is."""
    region = next((claim.region for claim in _claims(request)), "")
    expected = Estimate.from_json(request.estimate).expected_nano
    cost = (
        f"about {formats.money(expected)} a month"
        if expected is not None
        else "an amount a month that no price is known for"
    )
    where = f" of {region}" if region else ""
    if left := _left(say.step, steps):
        return f"{left} The last yes commits {asked}{where} and {cost}."
    return (
        f"Commits {asked}{where} and {cost}. Building starts at once; "
        "from then on the request can no longer be withdrawn."
    )


def _left(step: Step | None, steps: Sequence[Step]) -> str:
    """Say what still has to be said after a yes; empty where it would be the last one."""
    if step is None:
        return ""
    more = step.needed - selectors.yeses_of(step) - 1
    if more > 0:
        return f"{formats.plural(more, 'more yes', 'more yeses')} for {step.label} are needed then."
    beside = [one.label for one in selectors.open_of(steps) if one.pk != step.pk]
    if beside:
        return f"{' and '.join(beside)} still has to say yes."
    if any(one.status == StepStatus.WAITING for one in steps):
        return "Hands it on to the next step."
    return ""
