"""The rules that decided who decides, before and after the submit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.approvals import rules as planning
from apps.approvals import selectors
from apps.approvals.selectors import policies
from apps.approvals.states import StepStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.requests.kinds import Estimate
    from apps.requests.models import ResourceRequest
    from apps.requests.selectors import Review
    from apps.teams.models import Person

TONES = {StepStatus.APPROVED: "good", StepStatus.REJECTED: "bad", StepStatus.OPEN: "run"}


def rules(viewer: Person, *, request: ResourceRequest) -> dict[str, Any] | None:
    """List the rules that decided who decides, with what each found; not those without effect."""
    steps = selectors.steps_seen(viewer, request) if request.submitted_at else []
    said = selectors.round_of(request) if request.submitted_at else None
    named = {rule for step in steps for rule in step.rules}
    items = [
        _rule(step.label, step.rule, TONES.get(step.state, "off"), step.state.label)
        for step in steps
    ]
    hits = [hit for hit in said.hits if hit["applied"] is not False] if said else []
    items += [_hit(hit) for hit in hits if hit["rule"] not in named]
    return {"items": items, "policy": said.policy if said else None} if items else None


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


def _rule(label: str, rule: str, tone: str, value: str) -> dict[str, Any]:
    """Lay out a step with its rule: `P-05 Finance`, `Not needed up to 2 000 USD a month`."""
    code, _, sentence = rule.partition(": ")
    detail = f"{sentence[:1].upper()}{sentence[1:]}"
    return {"tone": tone, "title": f"{code} {label}", "detail": detail, "value": value}


def _hit(hit: Mapping[str, Any]) -> dict[str, Any]:
    tone, value = ("run", "Applies") if hit["applied"] else ("warn", "Undecided")
    return {
        "tone": tone,
        "title": f"{hit['rule']} {hit['name']}",
        "detail": hit["sentence"],
        "value": value,
    }
