"""What another document would have said of requests of the past."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from time import monotonic

from apps.approvals.rules import ALL, Needed, Plan, Policies, plan
from apps.approvals.selectors.policies import facts_of
from apps.requests import selectors as requests
from apps.requests.models import ResourceRequest
from apps.teams.models import Person

MOST = 200
LONGEST_S = 0.8


@dataclass(frozen=True)
class Difference:
    """A request whose steps would be others; `tone` is bad where the draft denies it."""

    request: ResourceRequest
    before: str
    after: str
    tone: str


@dataclass(frozen=True)
class Preview:
    """The requests looked at, newest first, and those that would take another way."""

    looked_at: int
    differences: Sequence[Difference]
    at_once: int
    denied: int


def preview(viewer: Person, draft: Policies, present: Policies) -> Preview:
    """Plan the last 200 submitted requests by both documents, from what was frozen on them.

    With documents so long that this takes more than a moment it looks at fewer, the newest ones.
    """
    until = monotonic() + LONGEST_S
    rows = (
        requests.requests_visible(viewer)
        .filter(submitted_at__isnull=False)
        .order_by("-submitted_at", "-pk")[:MOST]
    )
    in_time = takewhile(lambda _: monotonic() < until, rows)
    found = [_compared(row, draft, present) for row in in_time]
    differences = [one for one in found if one.before != one.after]
    return Preview(
        looked_at=len(found),
        differences=differences,
        at_once=sum(one.tone == "warn" for one in differences),
        denied=sum(one.tone == "bad" for one in differences),
    )


def _compared(row: ResourceRequest, draft: Policies, present: Policies) -> Difference:
    facts = facts_of(row)
    new = plan(draft, facts)
    asked = any(step.needed for step in new.steps)
    tone = "bad" if new.denied else "" if asked else "warn"
    return Difference(row, way(plan(present, facts)), way(new), tone)


def way(found: Plan) -> str:
    """Write the way of a request: `Platform and Security, then Finance`, or why it has none."""
    if found.denied:
        return f"Denied by {' and '.join(one.rule for one in found.denied)}"
    needed = [step for step in found.steps if step.needed]
    if not needed:
        said = dict.fromkeys((step.rule.partition(":")[0], step.rules) for step in found.steps)
        waivers = dict.fromkeys(rule for rule, own in said if rule not in own)
        return f"Approved at once by {' and '.join(waivers)}"
    stages = [
        " and ".join(map(_step, same)) for _, same in groupby(needed, key=lambda one: one.stage)
    ]
    return ", then ".join(stages)


def _step(step: Needed) -> str:
    if step.quorum == 1:
        return step.label
    return f"{step.label} ({'all of them' if step.quorum == ALL else f'{step.quorum} yeses'})"
