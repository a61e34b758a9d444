"""Say in words what a rule asks for, for people who do not read the document."""

from collections.abc import Iterator, Sequence

from apps.approvals.rules.policies import Asks, Rule
from apps.approvals.rules.words import ALL, Who
from apps.kernel import formats
from apps.teams.roles import Action

ROLES = {
    Action.DECIDE_PLATFORM: "the platform",
    Action.DECIDE_FINANCE: "finance",
    Action.DECIDE_SECURITY: "security",
    Action.DECIDE_TEAM: "a lead of the team",
}


def does(rule: Rule) -> Sequence[str]:
    """Say what a rule does, a sentence for each step."""
    if rule.denies:
        return (f"Denies it: {rule.denies}",)
    if rule.waives:
        return (f"Makes the steps of {_joined(rule.waives)} unneeded.",)
    return tuple(" ".join(_asks(step)) for step in rule.steps)


def who(asked: Who) -> str:
    """Name a role, a group or people: `the group ai-board`, `a@b.example or c@d.example`."""
    if asked.action:
        return ROLES[asked.action]
    return f"the group {asked.group}" if asked.group else _joined(asked.people, "or")


def _asks(step: Asks) -> Iterator[str]:
    yield f"{step.label}, stage {step.stage}: {_yeses(step)}."
    if step.remind:
        yield f"Reminded after {formats.duration(step.remind)}."
    if step.deadline:
        then = f", then {who(step.escalate)} may decide too" if step.escalate else ""
        yield f"Due after {formats.duration(step.deadline)}{then}."
    if step.distinct:
        yield "Whoever voted on another step does not decide here."
    if step.looks_at:
        yield f"Asked again only where one of these changes: {', '.join(step.looks_at)}."


def _yeses(step: Asks) -> str:
    if step.quorum == ALL:
        return f"a yes of everybody of {who(step.who)}"
    if step.quorum == 1:
        return f"one yes of {who(step.who)}"
    return f"{step.quorum} yeses of {who(step.who)}"


def _joined(names: Sequence[str], word: str = "and") -> str:
    *some, last = names
    return f"{', '.join(some)} {word} {last}" if some else last
