"""The commands test, bench and manage: what they run, with the services it needs."""

import os
import signal
import subprocess
import sys

from portal.embedded import ROOT
from portal.embedded.environment import Embedded
from portal.embedded.lent import lend, throw_away
from portal.embedded.state import LOG, hold, running

ALL_AT_ONCE = ["-n", "2", "--dist", "loadfile"]  # most tests wait for a process they started


def test(arguments: list[str]) -> int:
    """Run pytest with a throw-away database and broker; in CI a missing Chromium is a failure.

    Without arguments all tests run, two files at a time.
    """
    with throw_away() as env:
        if os.environ.get("CI") or os.environ.get("PORTAL_CI"):
            env["PORTAL_REQUIRE_BROWSER"] = "1"
        return _run("-m", "pytest", *(arguments or ALL_AT_ONCE), env=env)


def bench(arguments: list[str]) -> int:
    """Run one benchmark with a throw-away database and broker."""
    with throw_away() as env:
        return _run("-m", "portal.embedded.bench", *arguments, env=env)


def manage(arguments: list[str]) -> int:
    """Run a management command in the portal's settings; lend it the database if none is up."""
    embedded, found = Embedded(), running()
    env = embedded.environment(port=found.port if found else 8000)
    if found or not embedded.postgres:
        return _run("manage.py", *arguments, env=env)
    with hold("manage", wait=True), lend(embedded.postgres, logs=LOG):
        return _run("manage.py", *arguments, env=env)


def _run(*arguments: str, env: dict[str, str]) -> int:
    """Run Python and return its exit code, negative after a signal; Ctrl-C is its to handle."""
    with subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=env) as child:
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:  # the terminal told the child as well
                continue
