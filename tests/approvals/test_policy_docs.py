"""docs/policies.md says of the language only what is true."""

import re
from pathlib import Path

import pytest

from apps.approvals.rules import FIELDS, Type, read
from apps.approvals.rules.document import DOCUMENT, RULE, STEP
from apps.approvals.rules.expressions import parse
from apps.approvals.rules.tokens import ExpressionError

PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text()
BLOCKS = dict(re.findall(r"```(\w+)\n(.*?)```", PAGE, re.S))
REFUSED = [line.split("→") for line in BLOCKS["refused"].splitlines()]


def test_the_document_is_read_and_uses_each_entry():
    text = BLOCKS["yaml"]
    found = read(text)
    assert len(found.rules) == 5
    unused = {entry for entry in (*DOCUMENT, *RULE, *STEP) if f"{entry}:" not in text}
    assert unused == {"people", "looks_at"}
    assert all(f"`{entry}`" in PAGE for entry in (*DOCUMENT, *RULE, *STEP))


@pytest.mark.parametrize("line", BLOCKS["conditions"].splitlines())
def test_each_condition_is_read(line):
    assert parse(line).of({}).value in (None, True)


@pytest.mark.parametrize(("condition", "said"), REFUSED)
def test_each_refusal_is_true(condition, said):
    with pytest.raises(ExpressionError) as refused:
        parse(condition.partition(":")[2].strip())
    assert said.strip() in str(refused.value)


def test_the_table_has_each_field_with_its_type():
    rows = re.findall(r"^\| `(\w+)` \| (text|a number|an amount[^|]*) \| (.*) \|$", PAGE, re.M)
    assert rows == [(one.name, Type(one.type).value, one.help) for one in FIELDS.values()]
