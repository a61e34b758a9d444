"""Template parameters: given, defaulted, and checked against their declaration."""

from __future__ import annotations

from typing import Any

from apps.azure_sandbox.errors import Json, invalid_template, not_implemented
from apps.azure_sandbox.expressions import Function, evaluate

TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "securestring": str,
    "int": int,
    "bool": bool,
    "object": dict,
    "secureobject": dict,
    "array": list,
}


def spelled(kind: str) -> str:
    """Write a parameter type as deployments answer it: `string` → `String`."""
    return {"securestring": "SecureString", "secureobject": "SecureObject"}.get(
        kind.lower(), kind[:1].upper() + kind[1:]
    )


def resolve(template: Json, properties: Json, functions: dict[str, Function]) -> Json:
    """Give each declared parameter its value; refuses what Azure's validation refuses."""
    given = properties.get("parameters") or {}
    declared = template.get("parameters") or {}
    if extra := [k for k in given if k.lower() not in {d.lower() for d in declared}]:
        raise invalid_template(
            f"The template parameters '{', '.join(extra)}' in the parameters file are not valid; "
            "they are not present in the original template and can therefore not be provided at "
            "deployment time"
        )
    lower = {k.lower(): v for k, v in given.items()}
    values: Json = {}
    for name, declaration in declared.items():
        entry = lower.get(name.lower())
        if entry is not None and "reference" in entry:
            raise not_implemented("parameters by Key Vault reference")
        if entry is not None:
            values[name] = entry.get("value")
        elif "defaultValue" in declaration:
            values[name] = evaluate(declaration["defaultValue"], functions)
        else:
            raise invalid_template(f"The value for the template parameter '{name}' is not provided")
        _check_parameter(name, declaration, values[name])
    return values


def _check_parameter(name: str, declaration: Json, value: Any) -> None:
    kind = str(declaration.get("type", "")).lower()
    if value is None and declaration.get("nullable"):
        return
    if kind not in TYPES:
        raise invalid_template(f"The type '{kind}' of the template parameter '{name}' is not valid")
    if not isinstance(value, TYPES[kind]) or (kind == "int" and isinstance(value, bool)):
        raise invalid_template(
            f"The provided value for the template parameter '{name}' is not valid. Expected a "
            f"value of type '{spelled(kind)}', but received a value of type "
            f"'{type(value).__name__}'"
        )
    allowed = declaration.get("allowedValues")
    if allowed and value not in allowed:
        raise invalid_template(
            f"The provided value for the template parameter '{name}' is not valid. The value "
            f"'{value}' is not part of the allowed value(s): '{','.join(map(str, allowed))}'"
        )
    what, ends = ("Value", "Value") if kind == "int" else ("Length of the value", "Length")
    size = value if kind == "int" else len(value) if hasattr(value, "__len__") else 0
    low, high = declaration.get(f"min{ends}", size), declaration.get(f"max{ends}", size)
    if not low <= size <= high:
        bound = (
            f"greater than or equal to '{low}'" if size < low else f"less than or equal to '{high}'"
        )
        raise invalid_template(
            f"The provided value for the template parameter '{name}' is not valid. {what} should "
            f"be {bound}"
        )
