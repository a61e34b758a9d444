"""The command check: format, lint, types, the walls between chapters, production settings."""

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

import environ

from portal.embedded import ROOT

TEMPLATES = ("templates", "apps")
TYPED = ("portal", "apps", "tests", "benchmarks", "portalctl.py", "manage.py")


def check() -> int:
    """Run every check, a line for each and its output if it failed; 1 if any did."""
    tool = Path(sys.executable).parent
    django = [sys.executable, "manage.py"]
    checks = {
        "format": [str(tool / "ruff"), "format", "--check", "."],
        "lint": [str(tool / "ruff"), "check", "."],
        "template format": [str(tool / "djlint"), "--check", *TEMPLATES],
        "template lint": [str(tool / "djlint"), "--lint", *TEMPLATES],
        "types": [str(tool / "mypy"), *(t for t in TYPED if (ROOT / t).exists())],
        "walls": [str(tool / "lint-imports")],
        "production settings": [*django, "check", "--deploy", "--fail-level", "WARNING"],
        "migrations": [*django, "makemigrations", "--check", "--dry-run"],
    }
    env = production_environment()
    failed = [name for name, argv in checks.items() if not _passes(name, argv, env)]
    print(f"{len(checks) - len(failed)} of {len(checks)} checks passed.")
    return 1 if failed else 0


def production_environment() -> dict[str, str]:
    """Return the settings of .env.example, a made-up secret, and nothing of this machine's."""
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}

    class Example(environ.Env):  # type: ignore[misc]  # untyped library
        ENVIRON = env  # instead of os.environ

    Example.read_env(ROOT / ".env.example")
    return {name: value for name, value in env.items() if value} | {
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PORTAL_READ_ENV_FILE": "0",
    }


def _passes(name: str, argv: list[str], env: dict[str, str]) -> bool:
    began = time.monotonic()
    ran = subprocess.run(
        argv,
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    well = ran.returncode == 0
    print(
        f"{name:<20} {'ok' if well else 'FAILED':<7} {time.monotonic() - began:5.1f} s", flush=True
    )
    if not well:
        print(ran.stdout.rstrip(), flush=True)
    return well
