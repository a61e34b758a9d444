"""Conditions: what they come to, why, and what is refused before it can come to anything."""

import random

import pytest

from apps.approvals.rules.expressions import parse
from apps.approvals.rules.tokens import ExpressionError
from apps.kernel.money import nano

FACTS = {
    "environment": "prod",
    "model": "gpt-5-mini",
    "region": "swedencentral",
    "capacity": 20,
    "expected": nano("2161.86"),
    "low": nano(100),
    "publisher": None,
}


@pytest.mark.parametrize(
    ("text", "value", "because"),
    [
        ('environment == "prod"', True, "the environment is prod"),
        ("environment == 'prod'", True, "the environment is prod"),
        ('"prod" == environment', True, "the environment is prod"),
        ('environment != "prod"', False, "the environment is prod"),
        ('environment == "dev"', False, "the environment is prod, not dev"),
        ('environment == "Prod"', False, "the environment is prod, not Prod"),
        ('region in ["francecentral", "swedencentral"]', True, "the region is swedencentral"),
        ('region not in ["swedencentral"]', False, "the region is swedencentral"),
        ('region in ["a", "b"]', False, "the region is swedencentral, not a or b"),
        ('region in ["a", "b", "c", "d"]', False,
         "the region is swedencentral, not one of the 4 listed"),
        ('publisher == "openai"', None, "the publisher is not known"),
        ('publisher != "openai"', None, "the publisher is not known"),
        ('publisher not in ["openai"]', None, "the publisher is not known"),
        ('tier == "prod"', None, "the tier is not known"),
        ("expected > 2000", True, "2 161.86 USD a month are expected, above 2 000"),
        ("2000 < expected", True, "2 161.86 USD a month are expected, above 2 000"),
        ("expected > 2161.86", False, "2 161.86 USD a month are expected, up to 2 161.86"),
        ("expected >= 2161.86", True, "2 161.86 USD a month are expected, at least 2 161.86"),
        ("expected == 2161.86", True, "2 161.86 USD a month are expected, exactly 2 161.86"),
        ("expected < 2161.860000001", True,
         "2 161.86 USD a month are expected, below 2 161.860000001"),
        ("expected > low", True,
         "2 161.86 USD a month are expected, above the low of 100.00 USD"),
        ("limit > 5", None, "no price is known"),
        ("low > limit", None, "no price is known"),
        ("capacity <= 20", True, "the capacity is 20, up to 20"),
        ("capacity < 20", False, "the capacity is 20, at least 20"),
        ("capacity != 20", False, "the capacity is 20, exactly 20"),
        ("capacity > 0.5", True, "the capacity is 20, above 0.5"),
        ("capacity > 1_000", False, "the capacity is 20, up to 1 000"),
        ('starts(model, "gpt-5")', True, "the model is gpt-5-mini"),
        ('starts(model, "o3")', False, "the model is gpt-5-mini, which does not begin with o3"),
        ('starts(publisher, "o")', None, "the publisher is not known"),
        ("known(publisher)", False, "the publisher is not known"),
        ("not known(limit)", True, "no price is known"),
        ("known(expected)", True, "2 161.86 USD a month are expected"),
        ("not (capacity > 5)", False, "the capacity is 20, above 5"),
        ('environment == "dev" or publisher == "openai"', None, "the publisher is not known"),
        ('environment == "prod" or publisher == "openai"', True, "the environment is prod"),
        ('environment == "dev" and publisher == "openai"', False,
         "the environment is prod, not dev"),
        ('environment == "prod" and capacity > 5', True,
         "the environment is prod and the capacity is 20, above 5"),
        # `and` binds more than `or`, `not` more than both.
        ('environment == "prod" or environment == "dev" and capacity > 99', True,
         "the environment is prod"),
        ('(environment == "prod" or environment == "dev") and capacity > 99', False,
         "the capacity is 20, up to 99"),
        ('not environment == "dev" and capacity > 5', True,
         "the environment is prod, not dev and the capacity is 20, above 5"),
    ],
)  # fmt: skip
def test_a_condition_says_what_it_saw(text, value, because):
    found = parse(text).of(FACTS)
    assert found.value is value
    assert " and ".join(found.because).replace("\u00a0", " ") == because


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "A condition is empty"),
        ("envirnment == 'prod'", "There is no field envirnment. Did you mean environment?"),
        ("environment == prod", "There is no field prod."),
        ("environment = 'prod'", "write == for equal"),
        ("environment is 'prod'", "write == for equal"),
        ("environment == 3", "environment is text; it cannot be compared with the number 3"),
        ("environment == expected", "compared with expected (an amount in USD a month)"),
        ("environment > 'a'", "environment is text; it has no order"),
        ("expected > 'much'", "expected is an amount in USD a month; it cannot be compared with"),
        ("expected > capacity", "cannot be compared with capacity (a number)"),
        ("capacity == 'many'", "cannot be compared with the text “many”"),
        ("1 < 2", "Two constants are compared"),
        ("'a' == 'a'", "Two constants are compared"),
        ("10 < capacity < 20", "Comparisons are not chained; join two of them with “and”"),
        ("capacity", "After capacity (a number) a comparison is missing"),
        ("capacity not 5", "a comparison is missing"),
        ("capacity in [1, 2]", "Before “in” stands a text field"),
        ("region in 'swedencentral'", "“[” is missing before"),
        ("region in []", "A field or a value is missing before “]”"),
        ("region in ['a' 'b']", "“]” is missing before “'b'”"),
        ("region in ['a', 3]", "put each value of its list in quotes"),
        ("region in ['a'", "“]” is missing before the end"),
        ("region == ''", "No region is empty; write not known(region)"),
        ("(capacity > 5", "“)” is missing before the end"),
        ("capacity > 5)", "“)” closes nothing"),
        ("capacity > 5 capacity < 9", "“and” or “or” is missing before “capacity”"),
        ("capacity >", "missing before the end"),
        ("and", "missing before “and”"),
        ("not", "missing before the end"),
        ("kown(expected)", "There is no function kown()"),
        ("__import__('os').system('ls')", "“.” has no meaning here"),
        ("lambda: 1", "has no meaning here"),
        ("expected.real > 1", "has no meaning here"),
        ("known('a')", "known() takes a field"),
        ("known(expected, low)", "“)” is missing before “,”"),
        ("starts(expected, 'a')", "starts() takes a text field and a text"),
        ("starts(model, '')", "starts() takes a text field and a text"),
        ("model == 'gpt", "The text 'gpt does not end; close it with '"),
        ("model == “gpt”", "texts stand in quotes"),
        ("capacity > 1e9", "is no number"),
        ("capacity > 1.2.3", "is no number"),
        ("capacity > 2 000", "“and” or “or” is missing before “000”"),
        ("capacity > -5", "“-” has no meaning here"),
        ("capacity > ٣", "is no number"),
        (f"capacity > {'9' * 16}", "Numbers have at most 15 digits"),
        ("capacity > 1" + "0" * 5000, "at most 1000 characters"),
        ("(" * 400 + "capacity > 1" + ")" * 400, "nested 20 deep"),
        ("not " * 200 + "capacity > 1", "nested 20 deep"),
        ("capacity > 1; region == 'a'", "“;” has no meaning here"),
        ("\0", "has no meaning here"),
    ],
)
def test_what_cannot_work_is_refused_with_what_would_pass(text, said):
    with pytest.raises(ExpressionError) as refused:
        parse(text)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("environment == 'prd'", "There is no environment “prd”. Did you mean prod?"),
        ("environment in ['dev', 'live']", "There is no environment “live”. There are dev, prod."),
    ],
)
def test_values_that_no_request_can_have_are_refused_where_they_are_known(text, said):
    assert parse(text)
    with pytest.raises(ExpressionError) as refused:
        parse(text, {"environment": ["prod", "dev"]})
    assert said in str(refused.value)


def test_a_fact_of_the_wrong_type_is_not_known():
    assert parse("capacity > 5").of({"capacity": "12"}).value is None
    assert parse("environment == 'dev'").of({"environment": 3}).value is None


# A naive reference: 0 is false, 2 is true, 1 is undecided; and is the least, or the most.
LEAVES = {
    "capacity > 10": lambda f: _number(f["capacity"], lambda n: n > 10),
    "capacity == 10": lambda f: _number(f["capacity"], lambda n: n == 10),
    "expected <= 3": lambda f: _number(f["expected"], lambda n: n <= 3 * 10**9),
    "region == 'a'": lambda f: _number(f["region"], lambda r: r == "a"),
    "region not in ['a', 'b']": lambda f: _number(f["region"], lambda r: r not in "ab"),
    "known(expected)": lambda f: 2 * (f["expected"] is not None),
}


def _number(value, test):
    return 1 if value is None else 2 * test(value)


def _tree(dice, depth):
    """Make a condition up: its text and the function that says 0, 1 or 2."""
    sort = dice.choice(["leaf", "not", "and", "or"]) if depth else "leaf"
    if sort == "leaf":
        text = dice.choice(sorted(LEAVES))
        return text, LEAVES[text]
    parts = [_tree(dice, depth - 1) for _ in range(1 if sort == "not" else dice.randint(2, 3))]
    texts, tests = [f"({text})" for text, _ in parts], [test for _, test in parts]
    if sort == "not":
        return f"not {texts[0]}", lambda f: 2 - tests[0](f)
    pick = min if sort == "and" else max
    return f" {sort} ".join(texts), lambda f: pick(test(f) for test in tests)


def test_three_valued_logic_equals_a_naive_reference():
    dice = random.Random(20261125)  # noqa: S311  no secret
    seen = set()
    for _ in range(1500):
        text, expected = _tree(dice, 4)
        if len(text) > 1000:
            continue
        facts = {
            "capacity": dice.choice([None, 9, 10, 11]),
            "expected": dice.choice([None, 0, 3 * 10**9, 3 * 10**9 + 1]),
            "region": dice.choice([None, "", "a", "b", "c"]),
        }
        value = {0: False, 1: None, 2: True}[expected({**facts, "region": facts["region"] or None})]
        found = parse(text).of(facts)
        assert found.value is value, (text, facts)
        assert found.because
        seen.add(value)
    assert seen == {True, False, None}
