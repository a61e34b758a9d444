"""The story is complete: every event has a teller and a test, every listener has a test."""

import inspect
import re
from importlib import import_module
from pathlib import Path

from apps.kernel import events

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [*ROOT.glob("apps/**/*.py"), *ROOT.glob("portal/**/*.py")]
TESTS = "\n".join(path.read_text() for path in ROOT.glob("tests/**/*.py") if path != Path(__file__))


def all_events() -> list[type]:
    found = []
    for path in ROOT.glob("apps/*/events.py"):
        if path.parent.name == "kernel":
            continue
        module = import_module(f"apps.{path.parent.name}.events")
        found += [
            item
            for _, item in inspect.getmembers(module, inspect.isclass)
            if item.__module__ == module.__name__ and not item.__subclasses__()
        ]
    return found


def name_of(handler) -> str:
    return f"{handler.__module__.removeprefix('apps.')}.{handler.__qualname__}"


def test_the_story(capsys):
    lines = []
    for event in sorted(all_events(), key=lambda e: e.__name__):
        guards = [name_of(h) for h in events.GUARDS.get(event, ())]
        listeners = [name_of(h) for h in events.LISTENERS.get(event, ())]
        lines.append(
            f"{event.__name__:<18} may refuse: {', '.join(guards) or '–':<24} "
            f"listen: {', '.join(listeners) or '–'}"
        )
    with capsys.disabled():
        print("\n" + "\n".join(lines))  # noqa: T201


def test_every_event_is_told_by_somebody():
    tellers = [p for p in SOURCES if {"services", "worker"} & {*p.parts, p.stem}]
    lines = [
        line for path in tellers for line in path.read_text().splitlines() if "import" not in line
    ]
    silent = [
        event.__name__
        for event in all_events()
        if not any(re.search(rf"\b{event.__name__}\b[^,]*[,(]", line) for line in lines)
    ]
    assert silent == []


def test_every_event_has_a_listener():
    deaf = [e.__name__ for e in all_events() if not events.LISTENERS.get(e)]
    assert deaf == []


def test_every_guard_and_listener_has_a_test():
    handlers = [
        handler
        for table in (events.GUARDS, events.LISTENERS)
        for registered in table.values()
        for handler in registered
    ]
    untested = {h.__name__ for h in handlers if not re.search(rf"\b{h.__name__}\b", TESTS)}
    assert untested == set()
