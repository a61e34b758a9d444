"""Judge the rows of a file: columns of what can be true, a sentence for each row that cannot."""

import hmac
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from django.conf import settings

from apps.kernel import formats
from apps.usage.collectors.formats import RANGES, REQUIRED, Block, Format
from apps.usage.collectors.pairs import Pairs
from apps.usage.protocols import AHEAD, NOBODY, UNKNOWN, Column, Refused
from apps.usage.states import ErrorKind

WRONG = -2  # in a column while it is judged
NO_TIME = np.iinfo(np.int64).min
SECOND = 10_000_000  # in 100 ns
DAY = 86_400 * SECOND
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
INSTANT = pa.timestamp("ns", "UTC")
PARTS = {
    "input_tokens": ("cached_tokens", "cache_write_tokens", "audio_in_tokens"),
    "output_tokens": ("reasoning_tokens", "audio_out_tokens"),
    "latency_ms": ("ttft_ms",),
}
KINDS = {kind.name.lower(): kind.value for kind in ErrorKind}
FLAGS = {"true": 1, "1": 1, "false": 0, "0": 0}


class Rows:
    """One block, judged: `columns` for all its rows, `good` for those that pass, `refused`."""

    def __init__(self, block: Block, layout: Format, pairs: Pairs, shift_days: int) -> None:
        self._block, self._layout, self._pairs = block, layout, pairs
        self._named = {ours: name for name, ours in layout.columns.items()}
        self._reasons: dict[int, str] = {}
        self.columns: dict[str, Column] = {"line": np.array(block.line, np.int64)}
        self._judge_time(shift_days)
        for name in RANGES:
            self._judge_number(name)
        for whole, parts in PARTS.items():
            self._judge_parts(whole, parts)
        self._judge_outcome()
        self._judge_end_user()
        self._judge_pair()

    @property
    def good(self) -> Column:
        """The mask of the rows that pass."""
        mask = np.ones(len(self._block.line), bool)
        mask[list(self._reasons)] = False
        return mask

    @property
    def refused(self) -> list[Refused]:
        """Say of every line that is no row, and of every row that does not pass, why."""
        line, text = self._block.line, self._block.text
        wrong = [Refused(line[at], why, text(at)) for at, why in self._reasons.items()]
        return sorted([*self._block.refused, *wrong], key=lambda one: one.line)

    def _values(self, name: str) -> Sequence[Any]:
        return self._block.values.get(name, [None] * len(self._block.line))

    def _column(self, name: str, missing: int, read: Callable[[Any], int]) -> Column:
        values = self._block.values.get(name)
        if values is None:
            return np.full(len(self._block.line), missing)
        return np.array([missing if one is None else read(one) for one in values], np.int64)

    def _refuse(self, bad: Column, sentence: Callable[[int], str]) -> None:
        """Give the rows of a mask their sentence; the first that a row gets stays."""
        for at in np.flatnonzero(bad).tolist():
            if at not in self._reasons:
                self._reasons[at] = sentence(at)

    def _is(self, name: str, at: int) -> str:
        value = self._values(name)[at]
        said = "missing" if value is None else self._block.quote(value)
        return f"{self._named[name]} is {said}"

    def _judge_time(self, shift_days: int) -> None:
        time = _instants(self._values("ts"), self._layout.zone)
        unread = time == NO_TIME
        self._refuse(unread, lambda at: f"{self._is('ts', at)}. {self._layout.time} would pass.")
        time = np.where(unread, 0, time) + shift_days * DAY
        shifted = f", shifted by {formats.plural(shift_days, 'day')}" if shift_days else ""

        def outside(at: int, wrong: str) -> str:
            return f"{self._is('ts', at)}{shifted}: {wrong}. A time from 2020 to now would pass."

        early = time < _in_100_ns(EARLIEST)
        self._refuse(early, lambda at: outside(at, "before 2020"))
        late = time > _in_100_ns(datetime.now(UTC) + AHEAD)
        self._refuse(late, lambda at: outside(at, "more than 5 minutes in the future"))
        self.columns |= {"time": time, "ts_us": time // 10}

    def _judge_number(self, name: str) -> None:
        least, most = RANGES[name]
        column = self._column(
            name,
            WRONG if name in REQUIRED else UNKNOWN,
            lambda value: value if type(value) is int and least <= value <= most else WRONG,
        )
        passes = f"A whole number from {formats.number(least)} to {formats.number(most)}"
        self._refuse(column == WRONG, lambda at: f"{self._is(name, at)}. {passes} would pass.")
        self.columns[name] = column

    def _judge_parts(self, whole: str, parts: Sequence[str]) -> None:
        total = self.columns[whole]
        inside = np.sum([np.maximum(self.columns[part], 0) for part in parts], axis=0)

        def sentence(at: int) -> str:
            known = " + ".join(part for part in parts if self.columns[part][at] > 0)
            most = formats.number(int(total[at]))
            return (
                f"{known} is {formats.number(int(inside[at]))}, more than the {whole} it is part "
                f"of, {most}. Up to {most} would pass."
            )

        self._refuse((inside > total) & (total >= 0), sentence)

    def _judge_outcome(self) -> None:
        status = self.columns["status"]
        status[status == UNKNOWN] = 200
        derived = np.select(
            [status == 429, status >= 500, status >= 400],
            [ErrorKind.THROTTLED, ErrorKind.SERVER, ErrorKind.CLIENT],
            UNKNOWN,
        )
        said = self._codes("error_kind", KINDS)
        self.columns["error_kind"] = np.where(said == UNKNOWN, derived, said)
        self.columns["spillover"] = self._codes("is_spillover", FLAGS)

    def _codes(self, name: str, codes: dict[str, int]) -> Column:
        """Turn words (or booleans) into their numbers."""
        column = self._column(name, UNKNOWN, lambda value: codes.get(str(value).lower(), WRONG))
        words = ", ".join(word for word in codes if not word.isdigit())
        self._refuse(
            column == WRONG, lambda at: f"{self._is(name, at)}. One of {words} would pass."
        )
        return column

    def _judge_end_user(self) -> None:
        values = self._values("end_user")
        self._refuse(
            np.array([not isinstance(value, str | None) for value in values], bool),
            lambda at: f"{self._is('end_user', at)}. A text, or nothing, would pass.",
        )
        hashed = b"".join(_hashed(value) if value else NOBODY for value in values)
        self.columns["end_user"] = np.frombuffer(hashed, "V16")

    def _judge_pair(self) -> None:
        workloads, deployments = self._values("workload"), self._values("deployment")
        found = [*map(self._pairs.find, workloads, deployments)]
        self._refuse(
            np.array([isinstance(one, str) for one in found], bool), lambda at: str(found[at])
        )
        ids = [(0, 0) if isinstance(one, str) else one for one in found]
        table = np.array(ids, np.int64).reshape(-1, 2)
        self.columns |= {"workload_id": table[:, 0], "deployment_id": table[:, 1]}


def _in_100_ns(moment: datetime) -> int:
    return int(moment.timestamp()) * SECOND


def _instants(values: Sequence[Any], zone: str) -> Column:
    """Return 100 ns since 1970 for ISO 8601 texts with a zone; NO_TIME for what is none."""
    try:
        zoned = [f"{value}{zone}" for value in values] if zone else values
        nanoseconds = pa.array(zoned, pa.string()).cast(INSTANT).cast(pa.int64())
    except (pa.ArrowInvalid, TypeError, UnicodeEncodeError):
        if len(values) == 1:
            return np.array([NO_TIME])
        half = len(values) // 2  # a wrong one spoils all: halve until it stands alone
        return np.concatenate([_instants(part, zone) for part in (values[:half], values[half:])])
    known: Column = nanoseconds.fill_null(NO_TIME).to_numpy()
    return np.where(known == NO_TIME, NO_TIME, known // 100)


def _hashed(end_user: Any) -> bytes:
    """Hash an end user with the portal's key: equal ones stay equal, none can be guessed."""
    text = str(end_user).encode(errors="surrogatepass")
    return hmac.digest(settings.SECRET_KEY.encode(), text, "sha256")[:16]
