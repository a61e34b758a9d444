"""The commands of portalctl.py, once the virtual environment is there."""

import argparse
import os
import sys
from importlib import import_module
from typing import Any

from portal.embedded import VAR, Trouble


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    top = argparse.ArgumentParser(prog="portalctl.py", description="Run and test the portal.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, function: str, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(function=function)
        return command

    up = add("up", "control:up", "start everything and follow the logs")
    up.add_argument("--port", type=int, default=8000, help="the web address's port (8000)")
    up.add_argument("--detach", action="store_true", help="return once the portal answers")
    add("down", "control:down", "stop everything")
    add("status", "report:status", "ask each part whether it works")
    logs = add("logs", "logs:logs", "show the logs")
    logs.add_argument("name", nargs="?", help="one part, for example web or worker")
    logs.add_argument("--follow", "-f", action="store_true", help="go on until Ctrl-C")
    logs.add_argument("--lines", "-n", type=int, default=50, help="how many to begin with (50)")
    add("check", "checks:check", "format, lint, types, walls, production settings")
    reset = add("reset", "control:reset", "stop everything and remove all data")
    reset.add_argument("--yes", dest="sure", action="store_true", help="do not ask")
    for name, text in (
        ("test", "run pytest with a throw-away database and broker"),
        ("bench", "run one of benchmarks/: NAME [--rows N] [--json FILE]"),
        ("manage", "run a management command of Django"),
    ):
        command = add(name, f"errands:{name}", text)
        command.add_argument("arguments", nargs=argparse.REMAINDER)
    return top


def main() -> int:
    """Run one command; trouble is told in a sentence."""
    words = sys.argv[1:]
    given: dict[str, Any]
    if words[:1] and words[0] in ("test", "bench", "manage"):  # argparse would eat --options
        where, given = f"errands:{words[0]}", {"arguments": words[1:]}
    else:
        given = vars(parser().parse_args(words))
        where = given.pop("function")
        given.pop("command")
    module, function = where.split(":")
    try:
        return int(getattr(import_module(f"portal.embedded.{module}"), function)(**given))
    except BrokenPipeError:  # `logs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
    except PermissionError as error:
        print(
            f"{error.filename} may not be used by this user: run as the one who started the "
            f"portal first, or have that one remove {VAR}.",
            file=sys.stderr,
        )
    return 1


if __name__ == "__main__":
    sys.exit(main())
