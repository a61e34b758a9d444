"""Faults on order, so that every way Azure says no can be tested.

A fault matches "METHOD path" by a regular expression, a number of times. `when` says how:
`request` answers instead of acting, `operation` lets the call be accepted and the work fail ("PUT"
or "DELETE" and the resource are matched, or "WHATIF" and the deployment's name), and `lost` acts
and closes the connection without an answer.
"""

from __future__ import annotations

import re
from typing import Any

from apps.azure_sandbox.errors import ArmError, bad_request, known
from apps.azure_sandbox.ids import guid
from apps.azure_sandbox.sandbox import Sandbox

Json = dict[str, Any]
WHEN = ("request", "operation", "lost")


def order(az: Sandbox, body: Json) -> Json:
    """Take a fault: match, times (1), when (request), code, status, message, details, headers."""
    when = body.get("when", "request")
    if when not in WHEN:
        raise bad_request(f"'when' is one of {', '.join(WHEN)}.")
    if not body.get("match"):
        raise bad_request('A fault needs "match": a regular expression on "METHOD path".')
    fault = {"times": 1, "code": "InternalServerError", **body, "when": when, "id": guid()}
    try:
        re.compile(fault["match"])
    except re.error as error:
        raise bad_request(f"'match' is not a regular expression: {error}.") from error
    return az.store.put("faults", fault["id"], fault)


def match_request(az: Sandbox, method: str, path: str) -> ArmError | None:
    """Find the error this request is to be answered with, and use it up."""
    fault = _use(az, "request", f"{method} {path}")
    return _error(fault) if fault else None


def match_operation(az: Sandbox, verb: str, resource: str) -> ArmError | None:
    """Find the error this accepted operation is to end with, and use it up."""
    fault = _use(az, "operation", f"{verb} {resource}")
    return _error(fault) if fault else None


def loses_answer(az: Sandbox, method: str, path: str) -> bool:
    """Say whether this request's answer is to be lost on the way."""
    return _use(az, "lost", f"{method} {path}") is not None


def _use(az: Sandbox, when: str, line: str) -> Json | None:
    for identity, fault in list(az.store.all("faults").items()):
        if fault["when"] == when and re.search(fault["match"], line, re.I):
            fault["times"] -= 1
            if fault["times"] > 0:
                az.store.put("faults", identity, fault)
            else:
                az.store.drop("faults", identity)
            return fault
    return None


def _error(fault: Json) -> ArmError:
    error = known(fault["code"], fault.get("message", ""), int(fault.get("status", 0)))
    if fault.get("details"):
        error.error["details"] = fault["details"]
    error.headers = {k: str(v) for k, v in fault.get("headers", {}).items()}
    if error.status == 429:
        error.headers.setdefault("Retry-After", "1")
    return error
