"""Run one file of benchmarks/ and hold its figures against benchmarks/goals.json."""

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import TypedDict

import django
from django.core.management import call_command

from portal.embedded import ROOT

BENCHMARKS = ROOT / "benchmarks"


class Figure(TypedDict):
    """Hold one measured value; without a goal it is always ok."""

    value: float
    goal: float | None
    ok: bool


def judge(figures: dict[str, float], goals: dict[str, dict[str, object]]) -> dict[str, Figure]:
    """Compare each figure with its goal; a goal nobody measured is a missed one."""
    judged: dict[str, Figure] = {}
    for name in figures | goals:
        value, goal = figures.get(name, float("nan")), goals.get(name)
        if not goal:
            judged[name] = {"value": value, "goal": None, "ok": True}
            continue
        limit = float(str(goal["goal"]))
        ok = value <= limit if goal["better"] == "lower" else value >= limit
        judged[name] = {"value": value, "goal": limit, "ok": ok}
    return judged


def main() -> int:
    """Run the benchmark named on the command line in a migrated, throw-away database."""
    names = sorted(p.stem for p in BENCHMARKS.glob("[a-z]*.py"))
    parser = argparse.ArgumentParser(prog="portalctl.py bench", description=__doc__)
    parser.add_argument("name", choices=names)
    parser.add_argument("--rows", type=int, help="how much data to measure on")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    asked = parser.parse_args()
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    figures = import_module(f"benchmarks.{asked.name}").run(asked.rows)
    goals = json.loads((BENCHMARKS / "goals.json").read_text()).get(asked.name, {})
    judged = judge(figures, goals)
    for name, figure in judged.items():
        goal = "no goal" if figure["goal"] is None else f"goal {figure['goal']:g}"
        verdict = "ok" if figure["ok"] else "MISSED"
        print(f"{name:<40} {figure['value']:>14,.3f}  {goal:<16} {verdict}")
    if asked.json:
        asked.json.write_text(json.dumps(judged, indent=1))
    return 0 if all(figure["ok"] for figure in judged.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
