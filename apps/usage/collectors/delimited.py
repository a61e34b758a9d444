"""Read comma-separated files: a header, then one row per line."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from apps.kernel import formats
from apps.usage.collectors.formats import RANGES, Block, Format, in_text, nothing_taken
from apps.usage.collectors.lines import Line, first_and_rest
from apps.usage.protocols import Refused

LONGEST = 18  # digits of a number that fits 64 bits


def blocks(path: Path, layout: Format, rows: int) -> Iterator[Block]:
    """Yield the rows of at most `rows` lines at a time."""
    first, rest = first_and_rest(path)
    header = first.reason if isinstance(first, Refused) else _cells(first[1])
    if isinstance(header, str):
        raise nothing_taken(f"The header: {header}")
    layout.check(header)
    names = [layout.columns[name] for name in header]
    while True:
        block = _block(names, islice(rest, rows))
        if not block.line and not block.refused:
            return
        yield block


def _block(names: Sequence[str], lines: Iterable[Line | Refused]) -> Block:
    # One flat list of cells: ten thousand small ones would keep the garbage collector busy.
    numbers, texts, cells, refused = [], [], [], []
    for line in lines:
        if isinstance(line, Refused):
            refused.append(line)
            continue
        number, text = line
        row = _cells(text)
        if isinstance(row, list) and len(row) != len(names):
            found, wanted = (formats.plural(count, "cell") for count in (len(row), len(names)))
            row = f"This line has {found}. As many as the header, {wanted}, would pass."
        if isinstance(row, str):
            refused.append(Refused(number, row, text))
            continue
        numbers.append(number)
        texts.append(text)
        cells += row
    values = {
        name: (_numbers if name in RANGES else _texts)(cells[at :: len(names)])
        for at, name in enumerate(names)
    }
    return Block(numbers, values, texts.__getitem__, in_text, refused)


def _cells(text: str) -> list[str] | str:
    """Cut a line into its cells, or say why not; a row never goes over the end of its line."""
    if '"' not in text and "\r" not in text:
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error:
        return "The quotes or line ends of this line do not match. One row per line would pass."


def _texts(cells: Sequence[str]) -> list[str | None]:
    return [cell or None for cell in cells]


def _numbers(cells: Sequence[str]) -> list[Any]:
    # int() alone would take “ 7”, “+7”, “1_000” and the digits of other scripts.
    return [
        int(cell) if cell.isdigit() and cell.isascii() and len(cell) <= LONGEST else cell or None
        for cell in cells
    ]
