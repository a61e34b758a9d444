"""Read a condition, check its types, and say what would pass; nothing is ever evaluated as Python.

condition  = and-part {"or" and-part}
and-part   = part {"and" part}
part       = "not" part | "(" condition ")" | comparison
comparison = "known" "(" field ")" | "starts" "(" field "," text ")"
           | value ("==" | "!=" | "<" | "<=" | ">" | ">=") value
           | field ["not"] "in" "[" text {"," text} "]"
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches

from apps.approvals.rules.conditions import (
    FLIPPED,
    Among,
    Begins,
    Compare,
    Condition,
    Joined,
    Known,
    Not,
)
from apps.approvals.rules.fields import FIELDS, Field, Type
from apps.approvals.rules.tokens import ExpressionError, Token, tokens
from apps.kernel.money import nano

MOST_LETTERS = 1_000
MOST_NESTED = 20
MOST_GUESSED = 200  # a guess among thousands of people or teams would take a second
MOST_DIGITS = 15
SIGNS = ("==", "!=", "<", "<=", ">", ">=")
WORDS = ("and", "or", "not", "in")
FUNCTIONS = ("known", "starts")
Values = Mapping[str, Collection[str]]


def parse(text: str, values: Values | None = None) -> Condition:
    """Read a condition, or raise ExpressionError.

    `values` lists for each field the texts that exist; others are refused then.
    """
    if len(text) > MOST_LETTERS:
        raise ExpressionError(
            f"A condition has at most {MOST_LETTERS} characters; split it into two rules."
        )
    if not text.strip():
        raise ExpressionError('A condition is empty; write one, for example tier == "prod".')
    return _Parser(list(tokens(text)), values or {}).whole()


def meant(word: str, known: Collection[str]) -> str:
    """Guess what a misspelt word was meant to be: ` Did you mean environment?`, or nothing."""
    likely = sorted(known, key=lambda one: (one[:3] != word[:3], abs(len(one) - len(word)), one))
    close = get_close_matches(word, likely[:MOST_GUESSED], n=1)
    return f" Did you mean {close[0]}?" if close else ""


class _Parser:
    """Walks along the tokens; each method reads one line of the grammar."""

    def __init__(self, tokens: Sequence[Token], values: Values) -> None:
        self.tokens, self.values = tokens, values
        self.at = self.depth = 0

    def whole(self) -> Condition:
        found = self.condition()
        if self.now.kind != "end":
            raise ExpressionError(self._left_over())
        return found

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def take(self, *texts: str) -> str:
        """Take the present sign or word if it is one of these, else nothing."""
        if self.now.kind in ("sign", "name") and self.now.text in texts:
            self.at += 1
            return self.tokens[self.at - 1].text
        return ""

    def need(self, sign: str, after: str) -> None:
        if not self.take(sign):
            raise ExpressionError(f"“{sign}” is missing before {self.now}, after {after}.")

    def condition(self) -> Condition:
        parts = [self.and_part()]
        while self.take("or"):
            parts.append(self.and_part())
        return Joined(tuple(parts), by_and=False) if len(parts) > 1 else parts[0]

    def and_part(self) -> Condition:
        parts = [self.part()]
        while self.take("and"):
            parts.append(self.part())
        return Joined(tuple(parts), by_and=True) if len(parts) > 1 else parts[0]

    def part(self) -> Condition:
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise ExpressionError(
                f"Conditions may be nested {MOST_NESTED} deep; split this one into two rules."
            )
        try:
            if self.take("not"):
                return Not(self.part())
            if self.take("("):
                found = self.condition()
                self.need(")", "the condition in parentheses")
                return found
            return self.comparison()
        finally:
            self.depth -= 1

    def comparison(self) -> Condition:
        if self.now.text in FUNCTIONS and self.now.kind == "name":
            return self.function(self.take(*FUNCTIONS))
        left = self.value()
        negated = bool(self.take("not"))
        if self.take("in"):
            return self.among(left, negated=negated)
        op = "" if negated else self.take(*SIGNS)
        if not op:
            raise ExpressionError(self._no_comparison(left))
        return self.compare(left, op, self.value())

    def function(self, name: str) -> Condition:
        self.need("(", name)
        field = self.value()
        if not isinstance(field, Field):
            raise ExpressionError(f"{name}() takes a field, for example {name}({_example(name)}).")
        if name == "known":
            self.need(")", f"known({field.name}")
            return Known(field)
        self.need(",", f"starts({field.name}")
        prefix = self.value()
        if field.type != Type.TEXT or not isinstance(prefix, str) or not prefix:
            raise ExpressionError(
                'starts() takes a text field and a text, for example starts(model, "gpt-5").'
            )
        self.need(")", "the text of starts()")
        return Begins(field, prefix)

    def value(self) -> Field | str | Decimal:
        token = self.now
        if token.kind not in ("name", "text", "number") or token.text in WORDS:
            raise ExpressionError(f"A field or a value is missing before {token}.")
        self.at += 1
        if token.kind == "text":
            return token.text[1:-1]
        return self._field(token.text) if token.kind == "name" else _number(token.text)

    def _field(self, name: str) -> Field:
        if name in FIELDS:
            return FIELDS[name]
        if self.now.text == "(":
            raise ExpressionError(
                f"There is no function {name}(); there are known() and starts()."
                f"{meant(name, FUNCTIONS)}"
            )
        hint = meant(name, [*FIELDS, *FUNCTIONS]) or f" There are {', '.join(FIELDS)}."
        raise ExpressionError(f"There is no field {name}.{hint} Texts stand in quotes.")

    def among(self, left: Field | str | Decimal, *, negated: bool) -> Condition:
        if not isinstance(left, Field) or left.type != Type.TEXT:
            raise ExpressionError(
                'Before “in” stands a text field, for example region in ["swedencentral"].'
            )
        self.need("[", "in")
        values = [self.text_of(left)]
        while self.take(","):
            values.append(self.text_of(left))
        self.need("]", "the last text of the list")
        return Among(left, tuple(dict.fromkeys(values)), negated)

    def text_of(self, field: Field) -> str:
        value = self.value()
        if not isinstance(value, str):
            raise ExpressionError(f"{field.name} is text; put each value of its list in quotes.")
        return self.existing(field, value)

    def existing(self, field: Field, value: str) -> str:
        """Refuse a text that the field never has, where it is known which ones it has."""
        if not value:
            raise ExpressionError(f"No {_label(field)} is empty; write not known({field.name}).")
        exist = self.values.get(field.name)
        if exist is not None and value not in exist:
            hint = meant(value, exist) or _some(field, exist)
            raise ExpressionError(f"There is no {_label(field)} “{value[:60]}”.{hint}")
        return value

    def compare(self, left: Field | str | Decimal, op: str, right: object) -> Condition:
        if not isinstance(left, Field):
            if not isinstance(right, Field):
                raise ExpressionError("Two constants are compared; one side has to be a field.")
            return self.compare(right, FLIPPED[op], left)
        if self.now.text in SIGNS:
            raise ExpressionError("Comparisons are not chained; join two of them with “and”.")
        if left.type == Type.TEXT:
            return self._text(left, op, right)
        if isinstance(right, Field) and right.type == left.type:
            return Compare(left, op, right)
        if isinstance(right, Decimal):
            return Compare(left, op, Decimal(nano(right)) if left.type == Type.MONEY else right)
        raise ExpressionError(
            f"{left.name} is {left.type}; it cannot be compared with {_shown(right)}. "
            f"Write a number, for example {left.name} {op} 2000."
        )

    def _text(self, field: Field, op: str, right: object) -> Condition:
        if op not in ("==", "!="):
            raise ExpressionError(f"{field.name} is text; it has no order. Write ==, != or in.")
        if not isinstance(right, str):
            raise ExpressionError(
                f"{field.name} is text; it cannot be compared with {_shown(right)}. "
                f'Write a text in quotes, for example {field.name} {op} "prod".'
            )
        return Among(field, (self.existing(field, right),), negated=op == "!=")

    def _no_comparison(self, left: Field | str | Decimal) -> str:
        if self.now.text == "is":
            return "“is” has no meaning here; write == for equal."
        return f"After {_shown(left)} a comparison is missing, for example == or in [...]."

    def _left_over(self) -> str:
        if self.now.text == ")":
            return "“)” closes nothing; a “(” is missing."
        return f"“and” or “or” is missing before {self.now}."


def _number(text: str) -> Decimal:
    digits = text.replace("_", "")
    if len(digits) > MOST_DIGITS:
        raise ExpressionError(f"Numbers have at most {MOST_DIGITS} digits.")
    return Decimal(digits)


def _shown(value: object) -> str:
    if isinstance(value, Field):
        return f"{value.name} ({value.type})"
    return f"the text “{value[:40]}”" if isinstance(value, str) else f"the number {value}"


def _label(field: Field) -> str:
    return field.name.replace("_", " ")


def _some(field: Field, exist: Collection[str]) -> str:
    names = sorted(exist)
    if not names or len(names) > 12:
        return f" {len(names)} of them are known; look them up in the catalogue."
    return f" There are {', '.join(names)}."


def _example(function: str) -> str:
    return "expected" if function == "known" else 'model, "gpt-5"'
