"""Secrets are references, resolved at use and kept in memory for five minutes, never in a row."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

TTL_S = 300
_cache: dict[str, tuple[float, str]] = {}
_lock = threading.Lock()


class SecretError(RuntimeError):
    """A reference that cannot be resolved; the message never holds a value."""


def _from_env(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise SecretError(f"The environment variable {name} is not set.") from None


def _from_file(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise SecretError(f"The secret file {path} cannot be read: {error.strerror}.") from None


def _from_key_vault_too_early(address: str) -> str:
    """Refuse while settings are read: the address would else be taken for the secret itself."""
    raise SecretError(
        f"The portal cannot sign in to Key Vault before it has started, so {address} cannot be "
        "read for this setting. Use env:NAME or file:/path here."
    )


_SCHEMES: dict[str, Callable[[str], str]] = {
    "env": _from_env,
    "file": _from_file,
    "keyvault": _from_key_vault_too_early,
}


def register_scheme(scheme: str, resolver: Callable[[str], str]) -> None:
    """Teach a scheme (cloud does `keyvault:` when Django is ready)."""
    _SCHEMES[scheme] = resolver


def resolve(reference: str) -> str:
    """Return the value behind a reference; a text without a known scheme is the value itself."""
    scheme, _, rest = reference.partition(":")
    if scheme not in _SCHEMES:
        return reference
    with _lock:
        at, value = _cache.get(reference, (0.0, ""))
        if at and time.monotonic() - at < TTL_S:
            return value
    value = _SCHEMES[scheme](rest)
    with _lock:
        _cache[reference] = (time.monotonic(), value)
    return value


def forget() -> None:
    """Empty the cache, so that the next use reads every secret anew."""
    with _lock:
        _cache.clear()
