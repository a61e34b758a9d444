"""Request bodies: JSON, and what the az CLI sends in its place."""

from __future__ import annotations

import json
import re
from typing import Any

from apps.azure_sandbox.errors import bad_request

Json = dict[str, Any]
COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.S)
BARE_TEMPLATE = re.compile(r"([{,]\s*)template(\s*:)")


def read(raw: bytes) -> Json | None:
    """Read a body; the az CLI splices a template in as JSON with comments under a bare key."""
    if not raw.strip():
        return None
    text = raw.decode("utf-8-sig", errors="replace")
    try:
        body = json.loads(text)
    except ValueError:
        body = _lenient(text)
    if not isinstance(body, dict):
        raise bad_request("The request content was invalid and could not be deserialized.")
    return body


def _lenient(text: str) -> Any:
    plain = BARE_TEMPLATE.sub(r'\1"template"\2', COMMENT.sub(lambda m: m[1] or "", text), count=1)
    try:
        return json.loads(plain)
    except ValueError as error:
        raise bad_request(
            f"The request content was invalid and could not be deserialized: '{error}'."
        ) from error
