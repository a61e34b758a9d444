"""Say what the policies come to for one request: its steps, what is waived, what is denied."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from apps.approvals.rules.conditions import Outcome
from apps.approvals.rules.fields import FIELDS, known
from apps.approvals.rules.policies import UNMATCHED, Asks, Policies, Rule
from apps.approvals.rules.words import ALL, Denied, Facts, Hit, Needed, Plan, Who
from apps.teams.roles import Action

MOST_LETTERS = 300


@dataclass(frozen=True)
class _Found:
    """A rule beside what it came to; `waiver` is the rule that makes its steps unneeded."""

    rule: Rule
    outcome: Outcome
    waiver: "_Found | None" = None

    @property
    def counts(self) -> bool:
        """Whether its steps are asked: undecided counts, as nobody knows that they need not be."""
        return self.outcome.value is not False and self.waiver is None

    @property
    def words(self) -> str:
        """The rule's name with what it saw, without its number."""
        reasons = self.outcome.because
        because = (", and " if any("," in one for one in reasons) else " and ").join(reasons)
        if self.outcome.value is None:
            return f"{self.rule.name}; that cannot be decided, as {because}"
        if not self.outcome.value:
            unneeded = "not needed" if self.rule.steps else "it does not apply"
            return f"{self.rule.name}; {unneeded}, as {because}"
        return f"{self.rule.name}, as {because}" if because else self.rule.name

    @property
    def numbered(self) -> str:
        """The words with the number before them."""
        return f"{self.rule.id}: {self.words}"


def plan(policies: Policies, facts: Facts) -> Plan:
    """Apply the policies to the facts of one request; amounts in facts are nano-USD.

    What cannot be decided never approves anything: steps are asked, waivers do not apply, and a
    denial that cannot be decided makes every waiver void. Nothing that matches: the platform
    decides.
    """
    every = [_Found(rule, _outcome(rule, facts)) for rule in policies.rules]
    found = _up_to_first(every) if policies.first else every
    doubt = next((one for one in found if one.rule.denies and one.outcome.value is None), None)
    waived = {} if doubt else _waived(found)
    looked_at = {one.rule.id for one in found} | waived.keys()
    asked = [
        _Found(one.rule, one.outcome, waived.get(one.rule.id))
        for one in every
        if one.rule.steps and one.rule.id in looked_at
    ]
    steps = list(_steps(asked, facts))
    at_once = any(one.waiver and one.outcome.value is not False for one in asked)
    if not at_once and not any(step.needed for step in steps):
        fallback = _fallback(facts)
        steps = [fallback, *(step for step in steps if step.label != fallback.label)]
    return Plan(
        steps=tuple(steps),
        denied=tuple(
            Denied(one.rule.id, f"{one.numbered}. {one.rule.denies}")
            for one in found
            if one.rule.denies and one.outcome.value
        ),
        hits=tuple(_hit(one, doubt) for one in found),
        expires=policies.expires,
    )


def unsettled(step: Needed, policies: Policies, facts: Facts) -> Sequence[Rule]:
    """Return the rules of a step if every one looks at something that is not known yet.

    A form that is being filled in says nothing about such a step so far.
    """
    rules = [rule for rule in policies.rules if rule.id in step.rules]
    open_still = [
        rule
        for rule in rules
        if rule.when and any(known(FIELDS[name], facts) is None for name in rule.when.fields)
    ]
    return rules if len(open_still) == len(rules) else ()


def _outcome(rule: Rule, facts: Facts) -> Outcome:
    return rule.when.of(facts) if rule.when else Outcome(value=True)


def _up_to_first(every: Sequence[_Found]) -> list[_Found]:
    """Keep the first rule that certainly matches, and what came before it."""
    at = next((i for i, one in enumerate(every) if one.outcome.value), len(every))
    return list(every[: at + 1])


def _waived(found: Sequence[_Found]) -> Mapping[str, _Found]:
    applied = [one for one in found if one.rule.waives and one.outcome.value]
    return {name: one for one in reversed(applied) for name in one.rule.waives}


def _steps(asked: Sequence[_Found], facts: Facts) -> Iterator[Needed]:
    """Make one step of those that rules write alike, in the order of their stages."""
    pairs = [(step, one) for one in asked for step in one.rule.steps]
    order = {place: i for i, place in reversed(list(enumerate(step.place for step, _ in pairs)))}
    pairs.sort(key=lambda pair: (pair[0].stage, order[pair[0].place]))
    needed: list[Needed] = []
    for _, same in groupby(pairs, key=lambda pair: pair[0].place):
        alike = list(same)
        counting = [(step, one) for step, one in alike if one.counts]
        needed.append(_merged(counting or alike, facts, needed=bool(counting)))
    labels = {step.label for step in needed if step.needed}
    return (step for step in needed if step.needed or step.label not in labels)


def _merged(pairs: Sequence[tuple[Asks, _Found]], facts: Facts, *, needed: bool) -> Needed:
    """Join steps of the same people by the strictest terms that any rule sets."""
    steps = [step for step, _ in pairs]
    quorums = [step.quorum for step in steps]
    return Needed(
        label=steps[0].label,
        who=steps[0].who,
        rule=_why([one for _, one in pairs], needed=needed),
        rules=tuple(one.rule.id for _, one in pairs),
        needed=needed,
        stage=steps[0].stage,
        quorum=ALL if ALL in quorums else max(quorums),
        distinct=any(step.distinct for step in steps),
        inputs=_inputs(pairs, facts),
        deadline=_shortest([step.deadline for step in steps]),
        remind=_shortest([step.remind for step in steps]),
        escalate=next((step.escalate for step in steps if step.escalate), None),
    )


def _why(found: Sequence[_Found], *, needed: bool) -> str:
    """Name the rules that certainly ask; else those in doubt; else what made it unneeded."""
    if needed:
        said = [one for one in found if one.outcome.value] or list(found)
    else:
        said = [one.waiver for one in found if one.waiver] or list(found[:1])
    text = "; ".join(dict.fromkeys(one.numbered for one in said))
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"


def _inputs(pairs: Sequence[tuple[Asks, _Found]], facts: Facts) -> Facts:
    names: set[str] = set()
    for step, one in pairs:
        names |= set(_looks_at(step, one.rule))
    return {name: known(FIELDS[name], facts) for name in FIELDS if name in names}


def _looks_at(step: Asks, rule: Rule) -> Sequence[str]:
    if step.looks_at is not None:
        return step.looks_at
    return sorted(rule.when.fields) if rule.when else list(FIELDS)


def _shortest(spans: Sequence[timedelta | None]) -> timedelta | None:
    return min((span for span in spans if span), default=None)


def _fallback(facts: Facts) -> Needed:
    return Needed(
        label="Platform",
        who=Who(Action.DECIDE_PLATFORM),
        rule=f"{UNMATCHED}: The platform decides, as no rule matches",
        rules=(UNMATCHED,),
        inputs={name: known(field, facts) for name, field in FIELDS.items()},
    )


def _hit(one: _Found, doubt: _Found | None) -> Hit:
    """Say what came of a rule; a waiver applies only without a doubt about a denial."""
    applied, words = one.outcome.value, one.words
    if one.rule.waives and applied and doubt:
        applied = False
        words = f"{one.rule.name}; it does not apply, as {doubt.rule.id} cannot be decided"
    return Hit(one.rule.id, one.rule.name, applied, words)
