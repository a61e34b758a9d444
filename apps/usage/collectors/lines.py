"""The lines of a text file, plain or gzip, to the last good one."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from apps.kernel import formats
from apps.usage.collectors.formats import nothing_taken
from apps.usage.protocols import Refused

MOST_LINE = 16_384  # bytes; a row of ours has some hundred
MOST_TIMES = 100  # that text is packed by gzip; rows of calls reach 10 to 20
MIB = 1024**2
MOST_UNPACKED = 2048 * MIB
SMALL = 16 * MIB  # may unpack to this, however small it is
PIECE = MIB
BOM = b"\xef\xbb\xbf"
GZIP = b"\x1f\x8b"
FOREIGN = {
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip (an Excel workbook is one, too)",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x04\x22\x4d\x18": "lz4",
    b"7z\xbc\xaf": "7z",
    b"PAR1": "Parquet",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}

Line = tuple[int, str]


class _BrokenError(Exception):
    """The file is not read any further; the message says why and what would pass."""


def first_and_rest(path: Path) -> tuple[Line | Refused, Iterator[Line | Refused]]:
    """Return the first line and the others; a file without any is refused."""
    rest = lines(path)
    first = next(rest, None)
    if first is None:
        raise nothing_taken("The file is empty. One with a row in it would pass.")
    return first, rest


def lines(path: Path) -> Iterator[Line | Refused]:
    """Yield (number from 1, text) of every line that is not blank, and why a line is none.

    A file that breaks in the middle ends with a refusal that says so: what stood before it counts.
    """
    number = 0
    try:
        for number, raw in enumerate(_split(_content(path)), 1):
            line = raw.removesuffix(b"\r")
            if len(line) > MOST_LINE:
                yield Refused(number, TOO_LONG, _readable(line[:MOST_LINE]))
            elif line:
                yield _decoded(number, line)
    except _BrokenError as error:
        yield Refused(number + 1, str(error))


def broken(why: str) -> str:
    """Say that a file ends too early, and what would pass."""
    return f"The file breaks off here: {why}. The whole file would pass; no row counts twice."


def _too_much(limit: int) -> str:
    return (
        f"The file is read up to here: it unpacks to more than {formats.number(limit // MIB)} MiB. "
        f"Gzip that unpacks to {MOST_TIMES} times its size, at most "
        f"{formats.number(MOST_UNPACKED // MIB)} MiB, would pass."
    )


TOO_LONG = (
    f"This line is longer than {formats.number(MOST_LINE)} bytes. One row per line would pass."
)


def _decoded(number: int, line: bytes) -> Line | Refused:
    try:
        return number, line.decode()
    except UnicodeDecodeError as error:
        reason = f"Byte {error.start + 1} of this line is no UTF-8. Text saved as UTF-8 would pass."
        return Refused(number, reason, _readable(line))


def _readable(line: bytes) -> str:
    return line.decode(errors="backslashreplace")


def _split(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
        rest = rest[: MOST_LINE + 2]  # enough to see that it is too long
    yield rest


def _content(path: Path) -> Iterator[bytes]:
    """Yield the unpacked bytes in pieces, without a byte order mark."""
    with opened(path) as file:
        packed = _head(file).startswith(GZIP)
        content = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if packed else file
        limit = min(MOST_UNPACKED, max(SMALL, MOST_TIMES * path.stat().st_size))
        size = 0
        while piece := _piece(content):
            if not size:
                _refuse_foreign(piece)
                piece = piece.removeprefix(BOM)
            size += len(piece)
            if packed and size > limit:
                raise _BrokenError(_too_much(limit))
            yield piece


def opened(path: Path) -> BinaryIO:
    """Open a file to read; refuse one that is not there or not ours to read."""
    try:
        return path.open("rb")
    except OSError as error:
        raise nothing_taken(f"{path} cannot be read: {error.strerror}.") from None


def _head(file: BinaryIO) -> bytes:
    head = file.read(max(map(len, FOREIGN)))
    file.seek(0)
    return head


def _piece(content: BinaryIO) -> bytes:
    # read1, not read: what was unpacked before a break is handed out before the break is raised.
    try:
        return cast(gzip.GzipFile, content).read1(PIECE)
    except EOFError:
        raise _BrokenError(broken("its gzip has no end")) from None
    except (OSError, zlib.error) as error:
        raise _BrokenError(broken(str(error))) from None


def _refuse_foreign(content: bytes) -> None:
    for magic, name in {**FOREIGN, GZIP: "gzip within gzip"}.items():
        if content.startswith(magic):
            raise nothing_taken(f"This is {name}. UTF-8 text, as it is or as gzip, would pass.")
