"""The template functions of which a portal's templates make use.

Reference: https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from apps.azure_sandbox.expressions import Function
from apps.azure_sandbox.ids import build, guid


def text(value: Any) -> str:
    """Write a value as the template language's `string()` does."""
    if isinstance(value, bool):
        return "True" if value else "False"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def concat(*values: Any) -> Any:
    """Join strings or arrays."""
    if values and isinstance(values[0], list):
        return [item for value in values for item in value]
    return "".join(text(value) for value in values)


def format_text(template: str, *values: Any) -> str:
    """Fill `{0}`, `{1}` … into a text."""
    return template.format(*[text(value) for value in values])


def unique_string(*parts: Any) -> str:
    """Give 13 letters fixed by the arguments; not Azure's own hash, which is not published."""
    digest = hashlib.sha256("-".join(text(p) for p in parts).encode()).digest()
    return base64.b32encode(digest).decode().lower()[:13]


def resource_id(scope: str) -> Function:
    """Make `resourceId([subscription], [group], type, name…)` for a deployment's scope."""

    def function(*parts: str) -> str:
        at = next(i for i, part in enumerate(parts) if "/" in part)
        here = scope.split("/")
        subscription = parts[0] if at == 2 else here[2]
        base = f"/subscriptions/{subscription}"
        if at or len(here) > 4:
            base += f"/resourceGroups/{parts[at - 1] if at else here[4]}"
        return build(base, parts[at], "/".join(parts[at + 1 :]))

    return function


def subscription_resource_id(scope: str) -> Function:
    """Make `subscriptionResourceId([subscription], type, name…)`."""

    def function(*parts: str) -> str:
        at = next(i for i, part in enumerate(parts) if "/" in part)
        subscription = parts[0] if at else scope.split("/")[2]
        return build(f"/subscriptions/{subscription}", parts[at], "/".join(parts[at + 1 :]))

    return function


def union(*values: Any) -> Any:
    """Merge objects, or join arrays without repeats."""
    if isinstance(values[0], dict):
        return {k: v for value in values for k, v in value.items()}
    out: list[Any] = []
    for value in values:
        out += [item for item in value if item not in out]
    return out


def equals(left: Any, right: Any) -> bool:
    """Compare; types must agree, so that True is not 1."""
    return bool(type(left) is type(right) and left == right)


PLAIN: dict[str, Function] = {
    "concat": concat,
    "format": format_text,
    "uniquestring": unique_string,
    "guid": lambda *parts: guid(*[text(p) for p in parts]),
    "extensionresourceid": lambda scope, kind, *names: build(scope, kind, "/".join(names)),
    "tolower": lambda value: value.lower(),
    "toupper": lambda value: value.upper(),
    "trim": lambda value: value.strip(),
    "take": lambda value, n: value[:n],
    "skip": lambda value, n: value[n:],
    "first": lambda value: value[0],
    "last": lambda value: value[-1],
    "length": len,
    "empty": lambda value: not value,
    "contains": lambda value, item: item in value,
    "replace": lambda value, old, new: value.replace(old, new),
    "split": lambda value, at: value.split(at),
    "join": lambda values, by: by.join(text(v) for v in values),
    "substring": lambda value, start, n=None: value[start : None if n is None else start + n],
    "startswith": lambda value, start: value.lower().startswith(start.lower()),
    "endswith": lambda value, end: value.lower().endswith(end.lower()),
    "padleft": lambda value, n, by=" ": text(value).rjust(n, by),
    "string": text,
    "int": int,
    "bool": lambda value: value if isinstance(value, bool) else text(value).lower() == "true",
    "json": json.loads,
    "null": lambda: None,
    "true": lambda: True,
    "false": lambda: False,
    "createarray": lambda *values: list(values),
    "createobject": lambda *pairs: dict(zip(pairs[::2], pairs[1::2], strict=True)),
    "array": lambda value: value if isinstance(value, list) else [value],
    "union": union,
    "coalesce": lambda *values: next((v for v in values if v is not None), None),
    "equals": equals,
    "not": lambda value: not value,
    "and": lambda *values: all(values),
    "or": lambda *values: any(values),
    "less": lambda a, b: a < b,
    "lessorequals": lambda a, b: a <= b,
    "greater": lambda a, b: a > b,
    "greaterorequals": lambda a, b: a >= b,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: int(a / b),
    "mod": lambda a, b: a % b,
    "min": lambda *values: min(values[0] if isinstance(values[0], list) else values),
    "max": lambda *values: max(values[0] if isinstance(values[0], list) else values),
    "tryget": lambda value, key: (value or {}).get(key),
}
