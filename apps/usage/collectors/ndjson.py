"""Read files with one JSON object per line."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from apps.usage.collectors.formats import Block, Format, in_json, in_text
from apps.usage.collectors.lines import Line, first_and_rest
from apps.usage.protocols import Refused

EXAMPLE = '{"ts": "2026-11-16T18:43:00Z", "input_tokens": 374, "output_tokens": 44}'
NO_OBJECT = f"This line is no JSON object with each name once. {EXAMPLE} would pass."


def blocks(path: Path, layout: Format, rows: int) -> Iterator[Block]:
    """Yield the objects of at most `rows` lines at a time.

    The names of the first object stand for the file's: one that is unknown refuses the file.
    """
    first, rest = first_and_rest(path)
    if not isinstance(first, Refused) and isinstance(names := _object(first[1]), dict):
        layout.check([*names])
    every = chain([first], rest)
    while True:
        block = _block(layout, islice(every, rows))
        if not block.line and not block.refused:
            return
        yield block


def _block(layout: Format, lines: Iterable[Line | Refused]) -> Block:
    numbers, texts, objects, refused = [], [], [], []
    for line in lines:
        if isinstance(line, Refused):
            refused.append(line)
            continue
        number, text = line
        found = _object(text)
        if isinstance(found, dict) and not found.keys() <= layout.columns.keys():
            found = _unknown(found, layout)
        if isinstance(found, str):
            refused.append(Refused(number, found, text))
            continue
        numbers.append(number)
        texts.append(text)
        objects.append(found)
    names = set().union(*objects)
    values = {name: [one.get(name) for one in objects] for name in names}
    return Block(numbers, values, texts.__getitem__, in_json, refused)


def _object(text: str) -> dict[str, Any] | str:
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return NO_OBJECT
    return found if isinstance(found, dict) else NO_OBJECT


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError
    return made


def _unknown(found: dict[str, Any], layout: Format) -> str:
    name = next(name for name in found if name not in layout.columns)
    return f"The column {in_text(name)} is unknown. Known: {', '.join(layout.columns)}."
