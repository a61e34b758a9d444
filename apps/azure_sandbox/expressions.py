"""ARM template language expressions: `[concat(parameters('a'), '-x')]`.

Syntax: https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from apps.azure_sandbox.errors import ArmError

TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<word>\w+)|(?P<sign>.))")
Function = Callable[..., Any]


class UnresolvedError(Exception):
    """Part of an expression is only known while deploying (`reference`)."""


def is_expression(value: Any) -> bool:
    """Tell an expression from a plain value; `[[` escapes a bracket."""
    return (
        isinstance(value, str)
        and value.startswith("[")
        and not value.startswith("[[")
        and value.endswith("]")
    )


def evaluate(value: Any, functions: dict[str, Function], *, keep: bool = False) -> Any:
    """Replace every expression within a value; with `keep`, leave unresolved ones as text."""
    if isinstance(value, dict):
        return {k: evaluate(v, functions, keep=keep) for k, v in value.items()}
    if isinstance(value, list):
        return [evaluate(v, functions, keep=keep) for v in value]
    if isinstance(value, str) and value.startswith("[["):
        return value[1:]
    if not is_expression(value):
        return value
    try:
        return _Parser(value[1:-1], functions).parse()
    except UnresolvedError:
        if keep:
            return value
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise failed(value, str(error)) from error


def failed(expression: str, why: str) -> ArmError:
    """Say that an expression cannot be evaluated."""
    return ArmError(
        400,
        "InvalidTemplate",
        f"Unable to process template language expressions: '{expression}': {why}. Please see "
        "https://aka.ms/arm-functions for usage details.",
    )


class _Parser:
    """Evaluate while reading, by recursive descent; arguments of `if` are evaluated when used."""

    def __init__(self, text: str, functions: dict[str, Function]) -> None:
        self.text, self.functions = text, functions
        self.tokens = [
            (m.lastgroup or "", m[m.lastgroup or 0]) for m in TOKEN.finditer(text.strip())
        ]
        self.at = 0

    def parse(self) -> Any:
        value = self.expression(live=True)
        if self.at < len(self.tokens):
            raise ValueError(f"unexpected '{self.tokens[self.at][1]}'")
        return value

    def take(self, sign: str = "") -> str:
        kind_text = self.tokens[self.at]
        if sign and kind_text != ("sign", sign):
            raise ValueError(f"expected '{sign}', found '{kind_text[1]}'")
        self.at += 1
        return kind_text[1]

    def sees(self, sign: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at] == ("sign", sign)

    def expression(self, *, live: bool) -> Any:
        kind = self.tokens[self.at][0]
        word = self.take()
        if kind == "text":
            value: Any = word[1:-1].replace("''", "'")
        elif kind == "number":
            value = int(word)
        elif kind == "word":
            value = self.call(word, live=live)
        else:
            raise ValueError(f"unexpected '{word}'")
        return self.path(value, live=live)

    def path(self, value: Any, *, live: bool) -> Any:
        """Follow `.name` and `[index]` after a value."""
        while self.sees(".") or self.sees("["):
            if self.take() == ".":
                value = _member(value, self.take()) if live else None
            else:
                index = self.expression(live=live)
                self.take("]")
                value = _member(value, index) if live else None
        return value

    def call(self, name: str, *, live: bool) -> Any:
        self.take("(")
        if name.lower() == "if":
            return self.choose(live=live)
        arguments = []
        while not self.sees(")"):
            arguments.append(self.expression(live=live))
            if not self.sees(")"):
                self.take(",")
        self.take(")")
        if not live:
            return None
        function = self.functions.get(name.lower())
        if function is None:
            raise ArmError(
                501, "SandboxNotImplemented", f"The sandbox does not know the function '{name}'."
            )
        return function(*arguments)

    def choose(self, *, live: bool) -> Any:
        condition = self.expression(live=live)
        self.take(",")
        yes = self.expression(live=live and bool(condition))
        self.take(",")
        no = self.expression(live=live and not condition)
        self.take(")")
        return yes if condition else no


def _member(value: Any, key: Any) -> Any:
    if isinstance(value, list):
        return value[int(key)]
    for name, found in value.items():
        if name.lower() == str(key).lower():
            return found
    raise KeyError(
        f"The language expression property '{key}' doesn't exist, available properties are "
        f"'{', '.join(value)}'"
    )
