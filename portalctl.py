#!/usr/bin/env python3
"""Run and test the portal with one command.

  python3 portalctl.py up [--detach] [--port N]   start everything; Ctrl-C stops it
  python3 portalctl.py down | status | logs [NAME] | reset
  python3 portalctl.py test [PYTEST ARGUMENTS]    with a throw-away database and broker
  python3 portalctl.py check                      format, lint, types, walls, settings
  python3 portalctl.py bench NAME [--rows N] [--json FILE]
  python3 portalctl.py manage COMMAND ...         any management command

It needs Python 3.11 or newer and nothing else: it makes .venv from the locked requirements, again
only when a lock changes, and hands over to portal/embedded/.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = str(VENV / "bin" / "python")
NEEDS_TOOLS = ("test", "check", "bench")


class Trouble(Exception):
    """Stop with one sentence that says what is wrong and what would pass."""


def works(*arguments: str) -> bool:
    """Say whether the virtual environment's Python runs these arguments."""
    quiet = subprocess.DEVNULL
    try:
        return subprocess.call([PYTHON, *arguments], stdout=quiet, stderr=quiet) == 0
    except OSError:
        return False


def make_venv() -> None:
    """Create .venv unless a working one is there, be it made by hand and without pip."""
    modern = works("-c", "import sys; sys.exit(sys.version_info < (3, 11))")
    if modern and (works("-m", "pip", "--version") or works("-m", "ensurepip")):
        return
    try:
        import_module("ensurepip")
        venv = import_module("venv")
    except ImportError:
        package = "python{}.{}-venv".format(*sys.version_info)
        raise Trouble(
            "This Python cannot make a virtual environment; on Debian and Ubuntu this line adds "
            f"what is missing: apt-get install {package}"
        ) from None
    venv.EnvBuilder(clear=True, with_pip=True, symlinks=True).create(VENV)


def install(lock: Path) -> None:
    """Install the packages of `lock`, each checked against its hash, if it changed since."""
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = VENV / f"{lock.name}.sha256"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"Installing {lock.name} into .venv", file=sys.stderr)
    make_venv()
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.call([*pip, "--require-hashes", "--no-deps", "-r", str(lock)]):
        raise Trouble(f"The packages of {lock.name} could not be installed; pip says why above.")
    stamp.write_text(wanted)


def main() -> None:
    """Make the virtual environment fit the locks and hand over to it."""
    if sys.version_info < (3, 11):  # noqa: UP036  # the one file an older Python gets to read
        raise Trouble(
            "The portal needs Python 3.11 or newer; this is {}.{}. Call a newer one, for example: "
            "python3.11 portalctl.py".format(*sys.version_info)
        )
    words = sys.argv[1:]
    if not words or words[0] in ("-h", "--help", "help"):
        print(__doc__)
        return
    with open(__file__) as self:
        fcntl.flock(self, fcntl.LOCK_EX)  # two commands at once install one after the other
        install(ROOT / "requirements.txt")
        if words[0] in NEEDS_TOOLS:
            install(ROOT / "requirements-dev.txt")
    os.chdir(ROOT)
    os.execv(PYTHON, [PYTHON, "-m", "portal.embedded", *words])  # noqa: S606


if __name__ == "__main__":
    try:
        main()
    except Trouble as trouble:
        sys.exit(str(trouble))
    except KeyboardInterrupt:
        sys.exit(130)
