"""Read the policy document, or say everything that keeps it from being put in force."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from apps.approvals.rules import people as deciders
from apps.approvals.rules.conditions import Condition
from apps.approvals.rules.expressions import Values, meant, parse
from apps.approvals.rules.fields import FIELDS
from apps.approvals.rules.lines import MOST_SHOWN, Map, Node, PolicyError, Problem, compose
from apps.approvals.rules.policies import UNMATCHED, Asks, Policies, Rule
from apps.approvals.rules.sheet import Sheet
from apps.approvals.rules.tokens import ExpressionError
from apps.approvals.rules.words import Who

MOST_RULES, MOST_STEPS, MOST_STAGES = 200, 10, 9
DOCUMENT = ("match", "expires", "groups", "rules")
RULE = ("id", "name", "when", "steps", "waive", "deny")
STEP = (
    *("label", "who", "people", "group", "stage", "quorum", "deadline", "remind", "escalate"),
    *("looks_at", "distinct"),
)
DOES = ("steps", "waive", "deny")
ID = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,15}")


def read(
    text: str, *, people: Collection[str] | None = None, values: Values | None = None
) -> Policies:
    """Read a document, or raise PolicyError with every problem at its line.

    `people` are the e-mail addresses of those who exist (lower case), `values` the texts that a
    field may have; without them, any is taken: what was in force once stays readable.
    """
    node = compose(text)
    reader = _Reader(people, values)
    found = reader.document(node)
    if reader.problems:
        raise PolicyError(reader.problems)
    return found


@dataclass(frozen=True)
class _Places:
    """Where a step stands, so that two of the same label and stage ask the same people."""

    asks: Asks
    rule: str


class _Reader:
    """Walks through a document and notes problems."""

    def __init__(self, people: Collection[str] | None, values: Values | None) -> None:
        self.people, self.values = people, values
        self.problems: list[Problem] = []
        self.groups: dict[str, Sequence[str]] = {}

    @property
    def enough(self) -> bool:
        """Whether more problems would not be shown: nobody has to guess what else was meant."""
        return len(self.problems) >= MOST_SHOWN

    def known_people(self) -> Collection[str] | None:
        return None if self.enough else self.people

    def document(self, node: Node) -> Policies:
        sheet = self.sheet(node, "a document", DOCUMENT)
        if sheet is None:
            return Policies(())
        expires = sheet.span("expires")
        self.groups = self.read_groups(sheet)
        items = sheet.entries("rules").items
        if "rules" not in sheet:
            sheet.wrong("", "A document needs “rules”; without one nobody would be asked.")
        if len(items) > MOST_RULES:
            sheet.wrong("rules", f"At most {MOST_RULES} rules are read.")
        rules = [rule for item in items[:MOST_RULES] if (rule := self.rule(item))]
        found = Policies(
            rules=tuple(rules),
            first=sheet.choice("match", ("all", "first")) == "first",
            expires=expires,
            groups=self.groups,
        )
        self.problems += _together(found)
        return found

    def sheet(self, node: Node, what: str, names: Sequence[str]) -> Sheet | None:
        if isinstance(node, Map):
            return Sheet(node, self.problems, what=what, names=names)
        sentence = f"{what.capitalize()} is a mapping with {', '.join(names)}."
        self.problems.append(Problem(node.line, sentence))
        return None

    def read_groups(self, document: Sheet) -> dict[str, Sequence[str]]:
        node = document.node.items.get("groups")
        if node is None:
            return {}
        names = list(node.items) if isinstance(node, Map) else ["ai-board"]
        sheet = self.sheet(node, "the mapping of groups", names)
        if sheet is None:
            return {}
        for name in names:
            if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
                sheet.wrong(name, "A group's name has small letters, digits and hyphens only.")
        return {name: deciders.mails(sheet, name, self.known_people()) for name in names}

    def rule(self, node: Node) -> Rule | None:
        sheet = self.sheet(node, "a rule", RULE)
        if sheet is None:
            return None
        name = sheet.text("id", most=16, example="id: P-07")
        if name and (not ID.fullmatch(name) or name == UNMATCHED):
            sheet.wrong(
                "id", "“id” is a letter, then letters, digits or hyphens, like P-07, not P-00."
            )
        does = [one for one in DOES if one in sheet]
        if len(does) != 1:
            sheet.wrong(does[-1] if does else "", "A rule has one of “steps”, “waive” or “deny”.")
        text, when = self.condition(sheet)
        if not text and does in (["waive"], ["deny"]):
            sheet.wrong(does[0], _without_condition(does[0]))
        return Rule(
            id=name,
            name=sheet.text("name", most=120, example="name: The platform always decides"),
            line=sheet.node.line,
            text=text,
            when=when,
            steps=tuple(self.steps(sheet)),
            waives=tuple(one.text for one in sheet.texts("waive")),
            denies=self.deny(sheet),
        )

    def deny(self, sheet: Sheet) -> str:
        if "deny" not in sheet:
            return ""
        return sheet.text("deny", most=300, example="deny: Choose a model of OpenAI.")

    def condition(self, sheet: Sheet) -> tuple[str, Condition | None]:
        if "when" not in sheet:
            return "", None
        text = sheet.text("when", most=1_000, example='when: tier == "prod"')
        try:
            return text, parse(text, None if self.enough else self.values) if text else None
        except ExpressionError as error:
            sheet.wrong("when", str(error))
            return text, None

    def steps(self, sheet: Sheet) -> Iterator[Asks]:
        items = sheet.entries("steps").items
        if len(items) > MOST_STEPS:
            sheet.wrong("steps", f"A rule has at most {MOST_STEPS} steps.")
        seen: set[tuple[int, str]] = set()
        for item in items[:MOST_STEPS]:
            step = self.step(item)
            if step and step.place in seen:
                sentence = f"“{step.label}” stands in stage {step.stage} twice; rename one."
                self.problems.append(Problem(step.line, sentence))
            elif step:
                seen.add(step.place)
                yield step

    def step(self, node: Node) -> Asks | None:
        sheet = self.sheet(node, "a step", STEP)
        if sheet is None:
            return None
        who = deciders.who(sheet, self.groups, self.known_people())
        step = Asks(
            label=sheet.text("label", most=40, example="label: Platform"),
            who=who,
            line=sheet.node.line,
            stage=sheet.number("stage", most=MOST_STAGES),
            quorum=deciders.quorum(sheet, who),
            deadline=sheet.span("deadline"),
            remind=sheet.span("remind"),
            escalate=self.escalate(sheet),
            looks_at=self.looks_at(sheet),
            distinct=sheet.flag("distinct"),
        )
        if step.escalate and not step.deadline:
            sheet.wrong("escalate", "A step that escalates needs a “deadline” to do so at.")
        if step.remind and step.deadline and step.remind >= step.deadline:
            sheet.wrong("remind", "“remind” comes before “deadline”; make it shorter.")
        return step

    def escalate(self, step: Sheet) -> Who | None:
        node = step.node.items.get("escalate")
        if node is None:
            return None
        sheet = self.sheet(node, "an escalation", deciders.WHO)
        return deciders.who(sheet, self.groups, self.known_people()) if sheet else None

    def looks_at(self, step: Sheet) -> tuple[str, ...] | None:
        if "looks_at" not in step:
            return None
        found = step.texts("looks_at")
        for one in found:
            if one.text not in FIELDS:
                hint = meant(one.text, FIELDS) or f" There are {', '.join(FIELDS)}."
                sentence = f"There is no field {one.text[:40]}.{hint}"
                self.problems.append(Problem(one.line, sentence))
        return tuple(one.text for one in found)


def _without_condition(does: str) -> str:
    if does == "deny":
        return "Without “when” this would deny every request; write which ones."
    return "Without “when” the rules named here would never count; delete them, or write “when”."


def _together(policies: Policies) -> Iterator[Problem]:
    """Find what is wrong only when rules are seen beside each other."""
    ids: dict[str, Rule] = {}
    for rule in policies.rules:
        if rule.id and rule.id in ids:
            yield Problem(
                rule.line, f"{rule.id} stands in line {ids[rule.id].line} too; number one anew."
            )
        ids.setdefault(rule.id, rule)
    asking = {rule.id for rule in policies.rules if rule.steps}
    if policies.rules and not asking:
        yield Problem(policies.rules[0].line, "No rule has “steps”; at least one says who decides.")
    for rule in policies.rules:
        yield from _waives(rule, ids, asking)
    yield from _places(policies)
    yield from _times(policies)
    if policies.first:
        yield from _unreached(policies)


def _waives(rule: Rule, ids: Mapping[str, Rule], asking: Collection[str]) -> Iterator[Problem]:
    for one in rule.waives:
        if one not in ids:
            yield Problem(
                rule.line, f"{rule.id} waives {one[:16]}, which is not there.{meant(one, asking)}"
            )
        elif one not in asking:
            yield Problem(rule.line, f"{rule.id} waives {one}, which asks for no steps.")


def _places(policies: Policies) -> Iterator[Problem]:
    seen: dict[tuple[int, str], _Places] = {}
    for rule in policies.rules:
        for step in rule.steps:
            other = seen.setdefault(step.place, _Places(step, rule.id))
            if other.asks.who != step.who and deciders.NOBODY not in (other.asks.who, step.who):
                yield Problem(
                    step.line,
                    f"“{step.label}” in stage {step.stage} asks other people than in "
                    f"{other.rule}; give one of them another label or stage.",
                )


def _times(policies: Policies) -> Iterator[Problem]:
    for rule in policies.rules:
        for step in rule.steps:
            if policies.expires and step.deadline and step.deadline >= policies.expires:
                yield Problem(
                    step.line, "The request expires before this deadline; make it shorter."
                )


def _unreached(policies: Policies) -> Iterator[Problem]:
    always = ""
    for rule in policies.rules:
        if always:
            sentence = f"{rule.id} is never reached: {always} comes first and always matches."
            yield Problem(rule.line, sentence)
        elif not rule.text:
            always = rule.id
