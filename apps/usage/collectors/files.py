"""A usage file: its events, a block at a time, and what it has that are none."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from apps.usage.collectors import delimited, ndjson, parquet
from apps.usage.collectors.event_ids import EventIds
from apps.usage.collectors.formats import CSV, NDJSON, PARQUET, TRACE, Block, Format
from apps.usage.collectors.pairs import Pairs
from apps.usage.collectors.rows import Rows
from apps.usage.protocols import Events, Refused

READERS: dict[str, Callable[[Path, Format, int], Iterator[Block]]] = {
    TRACE.name: delimited.blocks,
    CSV.name: delimited.blocks,
    NDJSON.name: ndjson.blocks,
    PARQUET.name: parquet.blocks,
}


@dataclass(frozen=True)
class Part:
    """Some lines of a file: the events in them, and what was refused."""

    events: Events
    refused: Sequence[Refused]
    block: Block

    def refuse(self, line: int, reason: str) -> Refused:
        """Refuse an event after all, by its line."""
        return Refused(line, reason, self.block.text(bisect_left(self.block.line, line)))


@dataclass(frozen=True)
class UsageFile:
    """A file of calls; `shift_days` are added to every time before anything else looks at it."""

    path: Path
    layout: Format
    pairs: Pairs
    shift_days: int = 0

    def parts(self, rows: int) -> Iterator[Part]:
        """Read at most `rows` lines at a time.

        Raises PortalError where nothing of the file can be taken.
        """
        name = EventIds(self.layout.space)
        for block in READERS[self.layout.name](self.path, self.layout, rows):
            judged = Rows(block, self.layout, self.pairs, self.shift_days)
            good = judged.good
            columns = {one: column[good] for one, column in judged.columns.items()}
            columns["event_id"] = name(columns)
            events = Events(**{one.name: columns[one.name] for one in fields(Events)})
            yield Part(events, judged.refused, block)
