"""What policies come to: steps, waivers, denials, and nothing that slips through undecided."""

from datetime import timedelta

import pytest

from apps.approvals.rules import ALL, UNMATCHED, plan, read
from apps.kernel.money import nano
from apps.teams.roles import Action


def rules(*texts, match="all", head=""):
    return read(f"match: {match}\n{head}rules:\n" + "".join(f"  - {{{text}}}\n" for text in texts))


def asks(number, label="Platform", who="platform", when="", more=""):
    condition = f"when: '{when}', " if when else ""
    step = f"label: {label}, who: {who}{more}"
    return f"id: {number}, name: Rule {number}, {condition}steps: [{{{step}}}]"


def waives(number, when, *waived):
    return f"id: {number}, name: Rule {number}, when: '{when}', waive: [{', '.join(waived)}]"


def denies(number, when):
    return f"id: {number}, name: Rule {number}, when: '{when}', deny: Take another."


def needed(found):
    return [step.label for step in found.steps if step.needed]


def test_all_rules_that_match_ask_in_the_order_of_their_stages():
    policies = rules(
        asks("P-1", "Finance", "finance", more=", stage: 2"),
        asks("P-2"),
        asks("P-3", "Security", "security", when='data_class == "restricted"'),
        asks("P-4", "Lead", "team"),
    )
    found = plan(policies, {"data_class": "internal"})
    assert [(step.stage, step.label, step.needed) for step in found.steps] == [
        (1, "Platform", True),
        (1, "Security", False),
        (1, "Lead", True),
        (2, "Finance", True),
    ]
    assert found.steps[2].who.action == Action.DECIDE_TEAM
    assert found.steps[1].rule == (
        "P-3: Rule P-3; not needed, as the data class is internal, not restricted"
    )
    assert [hit.applied for hit in found.hits] == [True, True, False, True]


def test_only_the_first_rule_that_matches_asks():
    policies = rules(
        asks("P-1", "Finance", "finance", when="capacity > 10"),
        asks("P-2"),
        match="first",
    )
    big, small = plan(policies, {"capacity": 11}), plan(policies, {"capacity": 10})
    assert (needed(big), needed(small)) == (["Finance"], ["Platform"])
    assert [hit.rule for hit in big.hits] == ["P-1"]


def test_a_first_rule_in_doubt_asks_beside_the_one_that_certainly_matches():
    policies = rules(
        asks("P-1", "Finance", "finance", when="capacity > 10"),
        asks("P-2", when="expected > 1"),
        asks("P-3", "Security", "security"),
        match="first",
    )
    assert needed(plan(policies, {"expected": nano(2)})) == ["Finance", "Platform"]


def test_what_cannot_be_decided_is_asked_and_says_so():
    found = plan(rules(asks("P-1", when="capacity > 10")), {})
    assert needed(found) == ["Platform"]
    assert found.steps[0].rule == (
        "P-1: Rule P-1; that cannot be decided, as the capacity is not known"
    )
    assert found.hits[0].applied is None


def test_steps_that_are_alike_are_asked_once_by_the_strictest_terms():
    policies = rules(
        asks("P-1", "Board", "platform", "capacity > 10",
             ", quorum: 2, deadline: 4d, remind: 2d, escalate: {who: security}"),
        asks("P-2", "Board", "platform", "expected > 5", ", deadline: 2d, distinct: true"),
        asks("P-3", "Board", "platform", "limit > 7", ", quorum: all"),
    )  # fmt: skip
    both = plan(policies, {"capacity": 11, "expected": nano(6), "limit": nano(6)}).steps
    assert len(both) == 1
    board = both[0]
    assert board.rules == ("P-1", "P-2")
    assert (board.quorum, board.distinct, board.deadline) == (2, True, timedelta(days=2))
    assert (board.remind, board.escalate.action) == (timedelta(days=2), Action.DECIDE_SECURITY)
    assert board.rule.replace("\u00a0", " ") == (
        "P-1: Rule P-1, as the capacity is 11, above 10; "
        "P-2: Rule P-2, as 6.00 USD a month are expected, above 5"
    )
    assert board.inputs == {"capacity": 11, "expected": nano(6)}
    every = plan(policies, {"capacity": 11, "expected": nano(6), "limit": nano(8)}).steps[0]
    assert every.quorum == ALL


def test_a_rule_in_doubt_is_not_named_beside_one_that_is_certain():
    policies = rules(asks("P-1", when="capacity > 10"), asks("P-2", when="expected > 5"))
    step = plan(policies, {"expected": nano(6)}).steps[0]
    assert step.rule.startswith("P-2: ")
    assert step.rules == ("P-1", "P-2")


def test_the_reason_fits_the_row_that_keeps_it():
    name = "x" * 110
    texts = [asks(f"P-{i}").replace(f"Rule P-{i}", f"{name}{i}") for i in range(5)]
    rule = plan(rules(*texts), {}).steps[0].rule
    assert len(rule) == 300
    assert rule.endswith("…")


def test_a_step_looks_at_what_it_says_or_at_its_condition_or_at_everything():
    policies = rules(
        asks("P-1"),
        asks("P-2", "Finance", "finance", when="expected > low and known(limit)"),
        asks("P-3", "Security", "security", more=", looks_at: [region]"),
    )
    everything, condition, said = plan(policies, {"expected": 2, "low": 1, "limit": 3}).steps
    assert len(everything.inputs) == 17
    assert condition.inputs == {"low": 1, "expected": 2, "limit": 3}
    assert said.inputs == {"region": None}


def test_a_waiver_that_applies_is_the_rule_that_people_read():
    policies = rules(asks("P-1"), waives("A-1", 'tier == "nonprod"', "P-1"))
    found = plan(policies, {"tier": "nonprod"})
    assert [(step.needed, step.rule) for step in found.steps] == [
        (False, "A-1: Rule A-1, as the tier is nonprod")
    ]
    assert needed(plan(policies, {"tier": "prod"})) == ["Platform"]


def test_reasons_that_hold_a_comma_are_parted_by_one():
    found = plan(
        rules(asks("P-1", when="capacity > 5 and limit > 1 and known(low)")),
        {"capacity": 6, "limit": nano(2), "low": nano(1)},
    )
    assert found.steps[0].rule.replace("\u00a0", " ") == (
        "P-1: Rule P-1, as the capacity is 6, above 5, and 2.00 USD a month are the most "
        "it can cost, above 1, and 1.00 USD a month are the low estimate"
    )


def test_a_waiver_in_doubt_does_not_apply():
    found = plan(rules(asks("P-1"), waives("A-1", 'tier == "nonprod"', "P-1")), {})
    assert needed(found) == ["Platform"]
    assert found.hits[1].applied is None


def test_a_waiver_leaves_the_steps_of_other_rules():
    policies = rules(asks("P-1"), asks("P-2"), waives("A-1", "capacity < 5", "P-1"))
    found = plan(policies, {"capacity": 1})
    assert [(step.needed, step.rules) for step in found.steps] == [(True, ("P-2",))]


def test_a_denial_says_why_and_what_would_pass():
    policies = rules(asks("P-1"), denies("D-1", 'publisher != "openai"'))
    found = plan(policies, {"publisher": "meta"})
    assert [(one.rule, one.sentence) for one in found.denied] == [
        ("D-1", "D-1: Rule D-1, as the publisher is meta, not openai. Take another.")
    ]
    assert not plan(policies, {"publisher": "openai"}).denied


def test_a_denial_in_doubt_denies_nothing_and_voids_every_waiver():
    policies = rules(
        asks("P-1"), waives("A-1", "capacity < 5", "P-1"), denies("D-1", 'publisher != "openai"')
    )
    found = plan(policies, {"capacity": 1})
    assert not found.denied
    assert needed(found) == ["Platform"]
    assert found.hits[1].applied is False
    assert found.hits[1].sentence == "Rule A-1; it does not apply, as D-1 cannot be decided"
    assert not needed(plan(policies, {"capacity": 1, "publisher": "openai"}))


@pytest.mark.parametrize("match", ["all", "first"])
def test_where_no_rule_matches_the_platform_decides(match):
    policies = rules(asks("P-1", "Finance", "finance", when="capacity > 10"), match=match)
    found = plan(policies, {"capacity": 1})
    assert [(step.label, step.needed, step.rules) for step in found.steps] == [
        ("Platform", True, (UNMATCHED,)),
        ("Finance", False, ("P-1",)),
    ]
    assert found.steps[0].rule == "P-00: The platform decides, as no rule matches"


def test_a_waiver_of_a_rule_that_did_not_match_approves_nothing():
    policies = rules(
        asks("P-1", "Finance", "finance", when="capacity > 10"),
        waives("A-1", 'tier == "nonprod"', "P-1"),
    )
    assert needed(plan(policies, {"capacity": 1, "tier": "nonprod"})) == ["Platform"]
    assert not needed(plan(policies, {"capacity": 11, "tier": "nonprod"}))


def test_a_first_waiver_approves_what_the_rules_behind_it_would_ask():
    policies = rules(waives("A-1", "capacity < 5", "P-1"), asks("P-1"), match="first")
    found = plan(policies, {"capacity": 1})
    assert [(step.needed, step.rule) for step in found.steps] == [
        (False, "A-1: Rule A-1, as the capacity is 1, below 5")
    ]
    assert needed(plan(policies, {"capacity": 5})) == ["Platform"]


def test_named_people_and_a_group_decide():
    head = "groups: {board: [a@b.example, c@d.example]}\nexpires: 3d\n"
    text = (
        "id: P-1, name: x, steps: [{label: Board, group: board}, {label: A, people: [A@b.example]}]"
    )
    found = plan(rules(text, head=head), {})
    board, one = found.steps
    assert (board.who.group, board.who.people) == ("board", ("a@b.example", "c@d.example"))
    assert (one.who.action, one.who.people) == (None, ("a@b.example",))
    assert found.expires == timedelta(days=3)
