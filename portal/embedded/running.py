"""Run tests, benchmarks and management commands with the services they need."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from portal.embedded import ROOT, VAR, Trouble
from portal.embedded.children import Known, birth, end, start
from portal.embedded.environment import Embedded
from portal.embedded.state import LOG, hold, running
from portal.embedded.throwaway import throw_away


def test(arguments: list[str]) -> int:
    """Run pytest with a throw-away database and broker; in CI a missing Chromium is a failure."""
    with throw_away() as env:
        if os.environ.get("CI") or os.environ.get("PORTAL_CI"):
            env["PORTAL_REQUIRE_BROWSER"] = "1"
        return _child([sys.executable, "-m", "pytest", *arguments], env)


def bench(arguments: list[str]) -> int:
    """Run one benchmark with a throw-away database and broker."""
    with throw_away() as env:
        return _child([sys.executable, "-m", "portal.embedded.bench", *arguments], env)


def manage(arguments: list[str]) -> int:
    """Run a management command in the portal's environment; lend it a database if none runs."""
    embedded = Embedded()
    found = running()
    if found or not embedded.postgres:
        return _manage(embedded, arguments, port=_port(found.url) if found else 8000)
    with hold(f"manage {' '.join(arguments[:1])}", wait=True), _lent(embedded):
        return _manage(embedded, arguments, port=8000)
