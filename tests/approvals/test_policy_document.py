"""The policy document: what is read, and what is refused with its line."""

import random
import string
from datetime import timedelta
from textwrap import dedent, indent
from time import monotonic

import pytest

from apps.approvals.rules import ALL, PolicyError, read
from apps.approvals.selectors.policies import default_text
from apps.teams.roles import Action

RULE = """\
- id: P-01
  name: The platform decides
  steps:
    - label: Platform
      who: platform
"""


def document(rules=RULE, **heads):
    head = "".join(f"{name}: {value}\n" for name, value in heads.items())
    return f"{head}rules:\n{indent(dedent(rules).strip(), '  ')}\n"


def step(*lines):
    """Read one step of a document with these lines added to it."""
    text = RULE + "".join(f"      {line}\n" for line in lines)
    return read(document(text)).rules[0].steps[0]


def problems(text, **known):
    with pytest.raises(PolicyError) as refused:
        read(text, **known)
    return [(one.line, one.sentence) for one in refused.value.problems]


def refused(text, line, said, **known):
    """Expect exactly one problem."""
    found = problems(text, **known)
    assert len(found) == 1, found
    assert found[0][0] == line, found
    assert said in found[0][1]


def test_a_whole_document_is_read():
    found = read("""
match: first
expires: 2w
groups:
  ai-board: [Petra.Novak@northwind.example, sami@northwind.example]
rules:
  - id: P-10
    name: The board decides on everything big
    when: expected > 20000
    steps:
      - label: Board
        group: ai-board
        stage: 3
        quorum: 2
        deadline: 2d
        remind: 12h
        escalate: {people: [fiona@northwind.example]}
        looks_at: [expected, region]
        distinct: true
  - {id: A-1, name: Small, when: capacity < 2, waive: [P-10]}
  - {id: D-1, name: Never, when: model == "x", deny: "Choose y."}
""")
    assert found.first
    assert found.expires == timedelta(days=14)
    big, small, never = found.rules
    board = big.steps[0]
    assert board.who.people == ("petra.novak@northwind.example", "sami@northwind.example")
    assert board.who.group == "ai-board"
    assert (board.stage, board.quorum, board.distinct) == (3, 2, True)
    assert (board.deadline, board.remind) == (timedelta(days=2), timedelta(hours=12))
    assert board.escalate.people == ("fiona@northwind.example",)
    assert board.looks_at == ("expected", "region")
    assert (big.line, big.text) == (6 + 1, "expected > 20000")
    assert small.waives == ("P-10",)
    assert never.denies == "Choose y."


def test_what_is_not_said_has_a_plain_meaning():
    found = read(document())
    only = found.rules[0].steps[0]
    assert (found.first, found.expires) == (False, None)
    assert only.who.action == Action.DECIDE_PLATFORM
    assert (only.stage, only.quorum, only.distinct) == (1, 1, False)
    assert (only.deadline, only.remind, only.escalate, only.looks_at) == (None, None, None, None)


@pytest.mark.parametrize(("said", "means"), [("any", 1), ("all", ALL), ("3", 3)])
def test_a_quorum(said, means):
    assert step(f"quorum: {said}").quorum == means


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "The document is empty"),
        ("# only a comment\n", 1, "The document is empty"),
        ("rules", 1, "A document is a mapping with match, expires, groups, rules"),
        ("match: all\n", 1, "A document needs “rules”"),
        ("rules: []\n", 1, "“rules” is an empty list"),
        ("rules: 7\n", 1, "“rules” is a list"),
        ("rules:\n  - P-01\n", 2, "A rule is a mapping with id, name"),
        (document(match="most"), 1, "“match” cannot be “most”. It is all or first"),
        (document(expires="soon"), 1, "“expires” is a duration: 30m, 12h, 2d or 1w"),
        (document(expires="2y"), 1, "“expires” is a duration"),
        (document(expires="1m"), 1, "between 5 minutes and 366 days"),
        (document(expires="99999w"), 1, "between 5 minutes and 366 days"),
        (document(expire="2d"), 1, "A document has no “expire”. Did you mean expires?"),
        (document(groups="[a]"), 1, "The mapping of groups is a mapping"),
        (document(groups="{Board 1: [a@b.example]}"), 1, "small letters, digits and hyphens"),
        (document(groups="{board: []}"), 1, "“board” is an empty list"),
        (document(groups="{board: [alice]}"), 1, "“alice” is no e-mail address"),
        (document(groups="{board: [a@b.example, a@b.example]}"), 1, "in “board” twice"),
        (document(RULE + RULE), 7, "P-01 stands in line 2 too; number one anew"),
        ("a: 1\na: 2\n", 2, "“a” stands here twice"),
        ("a: [1\nb: 2\n", 2, "This is not YAML"),
        ("a: b: c\n", 1, "This is not YAML: mapping values are not allowed here"),
        ("\ta: 1\n", 1, "This is not YAML"),
        ("a: &x [1]\n", 1, "Anchors (&) and aliases (*) are not read"),
        ("a: *x\n", 1, "Anchors (&) and aliases (*) are not read"),
        ("rules: !!python/object/apply:os.system ['ls']\n", 1, "Tags (!) are not read"),
        ("rules: !!str x\n", 1, "Tags (!) are not read"),
        ("%YAML 1.1\n---\nrules: []\n", 1, "A line with % has no meaning"),
        ("match: all\n---\nmatch: all\n", 2, "A second document begins here"),
        ("? [a]\n: b\n", 1, "A name has to be a text"),
        ("match: a\0ll\n", 1, "a character here that no text may have"),
        ("match: all\nexpires: \x07\n", 2, "a character here that no text may have"),
        ('match: "a\\u202ell"\n', 1, "a character here that nobody can see"),
        ('match: "\\ud800"\n', 1, "a character here that nobody can see"),
        ('match: "\\Uffffffff"\n', 1, "This is not YAML that can be read"),
        ("a: " + "[" * 50, 1, "nested 8 deep"),
        ("a" * 70_000, 1, "at most 64000 characters"),
        ("#\n" * 5_000, 4_000, "at most 4000 lines"),
    ],
)  # fmt: skip
def test_documents_that_cannot_be_read(text, line, said):
    refused(text, line, said)


@pytest.mark.parametrize(
    ("line", "at", "said"),
    [
        ("stage: 0", 7, "“stage” is a whole number from 1 to 9"),
        ("stage: ten", 7, "“stage” is a whole number from 1 to 9"),
        ("stage: [1]", 7, "“stage” is one text, not a list"),
        ("quorum: 0", 7, "“quorum” is any, all, or a number"),
        ("quorum: half", 7, "“quorum” is any, all, or a number"),
        ("quorum: ²", 7, "“quorum” is any, all, or a number"),
        ("distinct: yes", 7, "“distinct” is true or false"),
        ("looks_at: [expcted]", 7, "There is no field expcted. Did you mean expected?"),
        ("looks_at: []", 7, "“looks_at” is an empty list"),
        ("people: [a@b.example]", 7, "A step has one of “who” or “people” or “group”"),
        ("escalate: platform", 7, "An escalation is a mapping with who, people, group"),
        ("escalate: {who: platform}", 7, "needs a “deadline” to do so at"),
        ("deadline: 0d", 7, "between 5 minutes and 366 days"),
        ("quorums: 2", 7, "A step has no “quorums”. Did you mean quorum?"),
    ],
)
def test_steps_that_cannot_work(line, at, said):
    refused(document(RULE + f"      {line}\n"), at, said)


def test_a_reminder_comes_before_the_deadline():
    refused(document(RULE + "      deadline: 1d\n      remind: 1d\n"), 8, "“remind” comes before")


def test_a_deadline_comes_before_the_request_expires():
    refused(
        document(RULE + "      deadline: 2d\n", expires="2d"), 6, "expires before this deadline"
    )


@pytest.mark.parametrize(
    ("rules", "line", "said"),
    [
        (RULE + "- {id: A-1, name: x, when: capacity < 2, waive: [P-02]}", 7,
         "A-1 waives P-02, which is not there. Did you mean P-01?"),
        (RULE + "- {id: A-1, name: x, when: capacity < 2, waive: [A-1]}", 7,
         "A-1 waives A-1, which asks for no steps"),
        (RULE + "- {id: A-1, name: x, waive: [P-01]}", 7, "Without “when” the rules named here"),
        (RULE + "- {id: D-1, name: x, deny: Never.}", 7, "would deny every request"),
        (RULE + '- {id: D-1, name: x, when: capacity < 2, deny: ""}', 7, "A rule needs “deny”"),
        (RULE + "- {id: D-1, name: x, when: capacity < 2}", 7, "A rule has one of “steps”"),
        (RULE + "- {id: D-1, name: x, when: capacity < 2, deny: x, waive: [P-01]}", 7,
         "A rule has one of “steps”"),
        (RULE + "- {id: D 1, name: x, when: capacity < 2, deny: x}", 7, "“id” is a letter"),
        (RULE + "- {id: P-00, name: x, when: capacity < 2, deny: x}", 7, "not P-00"),
        (RULE + "- {id: D-1, name: x, when: capcity < 2, deny: x}", 7,
         "There is no field capcity. Did you mean capacity?"),
        (RULE + "- {id: D-1, name: x, when: , deny: x}", 7, "A rule needs “when”"),
        (RULE + f"- {{id: D-1, name: {'x' * 121}, when: capacity < 2, deny: x}}", 7,
         "“name” has at most 120 characters"),
        (RULE + """
- id: P-02
  name: Others
  steps:
    - label: Platform
      who: finance
""", 11, "“Platform” in stage 1 asks other people than in P-01"),
        ("""
- id: P-02
  name: Twice
  steps:
    - label: A
      who: finance
    - label: A
      who: finance
""", 7, "“A” in stage 1 twice".replace("“A” in stage 1", "“A” stands in stage 1")),
        ("- {id: D-1, name: x, when: capacity < 2, deny: x}", 2, "No rule has “steps”"),
        ("- {id: P-1, name: x, steps: []}", 2, "“steps” is an empty list"),
    ],
)  # fmt: skip
def test_rules_that_cannot_work(rules, line, said):
    found = problems(document(rules))
    assert any(line == at and said in sentence for at, sentence in found), found


def test_the_first_that_matches_hides_what_comes_after_an_unconditional_one():
    refused(document(RULE + RULE.replace("P-01", "P-02"), match="first"), 8, "is never reached")


def test_more_yeses_than_people_are_never_given():
    named = RULE.replace("who: platform", "people: [a@b.example, c@b.example]")
    assert read(document(named + "      quorum: 2\n"))
    refused(document(named + "      quorum: 3\n"), 7, "3 yeses are wanted of 2 people")


def test_only_people_who_exist_decide_where_it_is_known_who_does():
    named = document(RULE.replace("who: platform", "people: [Alice@b.example]"))
    assert read(named)
    assert read(named, people={"alice@b.example"})
    refused(named, 6, "Nobody here has the address Alice@b.example. Did you mean alic@b.example?",
            people={"alic@b.example"})  # fmt: skip


def test_only_groups_that_exist_decide():
    grouped = RULE.replace("who: platform", "group: ai-bord")
    text = document(grouped, groups="{ai-board: [a@b.example]}")
    refused(text, 7, "There is no group “ai-bord”. Did you mean ai-board?")


def test_a_misspelt_role_is_one_problem_however_often_its_step_is_asked():
    text = RULE.replace("who: platform", "who: platfrom") + RULE.replace("P-01", "P-02")
    refused(document(text), 6, "“who” cannot be “platfrom”. Did you mean platform?")


def test_all_problems_come_at_once_in_the_order_of_their_lines():
    text = document(RULE + "      stage: 0\n      quorum: some\n", match="most")
    assert [line for line, _ in problems(text)] == [1, 8, 9]


def test_many_problems_are_cut():
    assert len(problems("rules:\n" + "  - x\n" * 150)) == 20


def test_many_rules_are_refused():
    rules = "".join(RULE.replace("P-01", f"P-{i}") for i in range(2, 203))
    assert problems(document(rules)) == [(1, "At most 200 rules are read.")]


def test_no_text_makes_reading_fail_in_another_way():
    """Break the default document in a thousand ways; each is read or refused, never a crash."""
    dice = random.Random(4)  # noqa: S311  no secret
    text = default_text()
    odd = [
        *"{}[]:,-&*!|>%@`'\"#?\n\t \\0",
        "\0",
        "é",
        "\u2028",
        "\ud800",
        "🙂",
        "<<: ",
        "- ",
        "9" * 99,
    ]
    outcomes = {True: 0, False: 0}
    for _ in range(400):
        broken = list(text)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(broken))
            if dice.random() < 0.5:
                del broken[at : at + dice.randint(1, 30)]
            broken.insert(at, dice.choice(odd))
        try:
            read("".join(broken))
            outcomes[True] += 1
        except PolicyError as error:
            assert error.problems
            assert all(1 <= one.line <= text.count("\n") + 9 for one in error.problems)
            outcomes[False] += 1
    assert min(outcomes.values()) > 10


def test_no_noise_makes_reading_fail_in_another_way():
    dice = random.Random(5)  # noqa: S311  no secret
    signs = string.printable + "\0&*!🙂\u202e"
    for _ in range(400):
        noise = "".join(dice.choices(signs, k=dice.randint(0, 80)))
        for text in (noise, f"rules:\n - id: A\n   when: {noise}", document(RULE + noise)):
            try:
                read(text)
            except PolicyError as error:
                assert error.problems


def test_a_document_full_of_people_who_are_not_here_is_refused_soon():
    here = {f"person{n}.name{n * 7}@northwind.example" for n in range(3_000)}
    groups = "\n".join(
        f"  g{group}: [{', '.join(f'persn{n}.nam{group}@northwind.example' for n in range(50))}]"
        for group in range(25)
    )
    text = f"groups:\n{groups}\nrules:\n  - id: P-1\n    name: x\n    steps:\n"
    text += "      - {label: A, who: platform}\n"
    begun = monotonic()
    with pytest.raises(PolicyError) as refused:
        read(text, people=here)
    assert len(refused.value.problems) == 20
    assert monotonic() - begun < 30  # some minutes, if each of them were compared with everybody
