"""`manage usage_summary`: who used how much and what it costs at list price, for scripts too."""

import json
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.kernel import formats
from apps.kernel.money import CURRENCY
from apps.usage.selectors import Period, Question, ask_everything, plain
from apps.usage.selectors.plain import Plain
from apps.usage.states import Dimension, Grain

GRAINS = (Grain.HOUR, Grain.DAY, Grain.MONTH)
SORTS = f"one of {', '.join(Dimension.values)}, or of {', '.join(GRAINS)}, or one of each"


class Command(BaseCommand):
    """Sum the whole platform's usage of [from, to), in UTC, from the rollups."""

    help = "Sum requests, tokens and list cost of a time: by group, by step, in total."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the time and the groups; what is wrong with them is said by `handle`."""
        add = parser.add_argument
        add("--from", dest="start", default="", help="first UTC day, or hour: 2026-11-16T18:00")
        add("--to", dest="end", default="", help="the day or hour after the last")
        add("--group-by", default="", help=f"{SORTS}, with a comma: bu,day")
        add("--json", action="store_true", help="for programs; amounts as decimal strings")

    def handle(self, *args: Any, start: str, end: str, group_by: str, **options: Any) -> None:
        """Answer on stdout; rows sum to the total."""
        by, grain = _groups(group_by)
        period = _period(start, end, grain or Grain.TOTAL)
        answer = ask_everything(Question(period, by, top=None))
        rows = [*plain.steps(answer)] if grain else plain.rows(answer)
        total = plain.of_sums(answer.total)
        if not options["json"]:
            self.stdout.write("\n".join(_table(rows, total)))
            self.stdout.write(f"{CURRENCY} at list price, {formats.as_of(answer.as_of)}.")
            return
        said = {"as_of": plain.moment(answer.as_of), "currency": CURRENCY}
        self.stdout.write(json.dumps({**said, "rows": rows, "total": total}, indent=2))


def _groups(text: str) -> tuple[Dimension | None, Grain | None]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    by = [Dimension(word) for word in words if word in Dimension.values]
    grains = [Grain(word) for word in words if word in GRAINS]
    if len(by) > 1 or len(grains) > 1 or len(words) > len(by) + len(grains):
        raise CommandError(f"“{text}” cannot be grouped by; {SORTS} would pass.")
    return by[0] if by else None, grains[0] if grains else None


def _period(first: str, last: str, grain: Grain) -> Period:
    start, end = _at("--from", first), _at("--to", last)
    if end <= start:
        raise CommandError("The time ends before it begins: --to is the day or hour after it.")
    return Period(start, end, grain)


def _at(option: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        found = None
    if found is None or not 2000 <= found.year <= 2100:
        raise CommandError(
            f"{option} “{text}” cannot be read; a UTC day such as 2026-11-16, or an hour such as "
            "2026-11-16T18:00, would pass."
        )
    if found != found.replace(minute=0, second=0, microsecond=0):
        raise CommandError(
            f"{option} “{text}” is not on the hour; {found:%Y-%m-%dT%H}:00 would be."
        )
    return found


def _table(rows: list[Plain], total: Plain) -> list[str]:
    """Align names and rows, words to the left and numbers to the right; the total comes last."""
    words = [name for name in (rows[0] if rows else ()) if name not in total]
    last = dict.fromkeys(words, "") | dict.fromkeys(words[:1], "Total") | total
    names = [*words, *total]
    lines = [names, *([_cell(row[name]) for name in names] for row in [*rows, last])]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(_aligned(line, widths, len(words))).rstrip() for line in lines]


def _aligned(line: list[str], widths: list[int], words: int) -> list[str]:
    left = [cell.ljust(width) for cell, width in zip(line[:words], widths, strict=False)]
    return left + [
        cell.rjust(width) for cell, width in zip(line[words:], widths[words:], strict=True)
    ]


def _cell(value: Any) -> str:
    if value is None:
        return formats.UNKNOWN
    return formats.number(value) if isinstance(value, int) else str(value)
