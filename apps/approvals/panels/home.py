"""What waits for a decision, on home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse

from apps.approvals import selectors
from apps.kernel import formats
from apps.kernel.panels import once
from apps.requests.kinds import Estimate
from apps.teams import selectors as teams
from apps.teams.roles import Action

if TYPE_CHECKING:
    from apps.approvals.models import Step
    from apps.teams.models import Person


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


def _longest_waiting(viewer: Person) -> list[Any]:
    return list(selectors.longest_waiting(viewer))


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
