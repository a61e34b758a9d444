"""The words of a condition: numbers, names, texts in quotes, signs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>[0-9][0-9_]*(?:\.[0-9]+)?(?![\w.]))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<text>"[^"\n]*"|'[^'\n]*')
    |(?P<sign>==|!=|<=|>=|<|>|\(|\)|\[|\]|,)
    )""",
    re.VERBOSE,
)


class ExpressionError(ValueError):
    """A condition cannot be read; the message says why and what would pass."""


@dataclass(frozen=True)
class Token:
    """A word of a condition; `kind` is number, name, text, sign or end."""

    kind: str
    text: str

    def __str__(self) -> str:
        """Show it as people typed it."""
        return f"“{self.text[:40]}”" if self.text else "the end"


def tokens(text: str) -> Iterator[Token]:
    """Part a condition into its words, or raise ExpressionError at the first that is none."""
    at, end = 0, len(text.rstrip())
    while at < end:
        found = TOKEN.match(text, at, end)
        if found is None:
            raise ExpressionError(_odd(text[at:end].strip()))
        yield Token(found.lastgroup or "", found[found.lastgroup or 0])
        at = found.end()
    yield Token("end", "")


def _odd(rest: str) -> str:
    if rest[0] in "\"'":
        return f"The text {rest[:30]} does not end; close it with {rest[0]}."
    if rest[0] == "=":
        return "“=” compares nothing; write == for equal."
    if rest[0].isdigit():
        return f"“{rest[:20].split()[0]}” is no number; write digits, for example 2000 or 0.5."
    return f'“{rest[0]}” has no meaning here; texts stand in quotes, for example “prod” as "prod".'
