"""Read Parquet files; a row's number counts from 1."""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from apps.kernel import formats
from apps.usage.collectors.formats import RANGES, Block, Format, in_json, nothing_taken
from apps.usage.collectors.lines import MIB, MOST_UNPACKED, broken, opened
from apps.usage.protocols import Refused

TROUBLE = (pa.ArrowException, OSError)


def blocks(path: Path, layout: Format, rows: int) -> Iterator[Block]:
    """Yield at most `rows` rows at a time; a broken page ends the file with a refusal."""
    with opened(path) as source:
        try:
            file = pq.ParquetFile(source)
        except TROUBLE:
            raise nothing_taken(
                "This is no Parquet file, or its end is missing. A whole one would pass."
            ) from None
        _check(file, layout)
        # Group by group: a broken one takes nothing with it that was read before.
        groups = ([at] for at in range(file.num_row_groups))
        batches = chain.from_iterable(
            file.iter_batches(batch_size=rows, row_groups=group) for group in groups
        )
        line = 1
        while True:
            try:
                batch = next(batches, None)
                if batch is None:
                    return
                batch.validate(full=True)
            except TROUBLE:
                yield _break(line)
                return
            yield _block(batch, line)
            line += batch.num_rows


def _check(file: Any, layout: Format) -> None:
    layout.check(file.schema_arrow.names)
    for column in file.schema_arrow:
        kind = "ts" if column.name == "ts" else _kind(column.name)
        if not (FITS[kind](column.type) or pa.types.is_null(column.type)):
            raise nothing_taken(f"The column “{column.name}” is {column.type}. {PASS[kind]}")
    groups = (file.metadata.row_group(at) for at in range(file.metadata.num_row_groups))
    if sum(group.total_byte_size for group in groups) > MOST_UNPACKED:
        raise nothing_taken(
            f"The file unpacks to more than {formats.number(MOST_UNPACKED // MIB)} MiB. "
            "Smaller files, one after the other, would pass."
        )


def _kind(name: str) -> str:
    return "whole" if name in RANGES else "flag" if name == "is_spillover" else "text"


def _is_text(kind: Any) -> bool:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner))


FITS: dict[str, Callable[[Any], bool]] = {
    "ts": lambda kind: _is_text(kind) or (pa.types.is_timestamp(kind) and bool(kind.tz)),
    "whole": pa.types.is_integer,
    "flag": pa.types.is_boolean,
    "text": _is_text,
}
PASS = {
    "ts": "A timestamp with a time zone, or text such as 2026-11-16T18:43:00Z, would pass.",
    "whole": "Whole numbers (int32, int64), null where unknown, would pass.",
    "flag": "Booleans, null where unknown, would pass.",
    "text": "Text (string), null where unknown, would pass.",
}


def _block(batch: Any, line: int) -> Block:
    values: dict[str, Sequence[Any]] = {
        name: _moments(column) if name == "ts" else column.to_pylist()
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }

    def text(row: int) -> str:
        shown = {name: column[row] for name, column in values.items()}
        return json.dumps(shown, ensure_ascii=False)

    return Block(range(line, line + batch.num_rows), values, text, in_json, [])


def _moments(column: Any) -> Sequence[Any]:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp(column.type.unit, "UTC")).cast(pa.string())
    return column.to_pylist()  # type: ignore[no-any-return]


def _break(line: int) -> Block:
    refused = Refused(line, broken("its data cannot be read"))
    return Block([], {}, str, in_json, [refused])
