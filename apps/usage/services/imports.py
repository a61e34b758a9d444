"""Import a usage file: read it, adopt what has no grant where that is wanted, receive its parts."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ValidationError
from django.utils import timezone

from apps.access import services as access
from apps.access.models import Grant
from apps.kernel import formats
from apps.kernel.actors import SYSTEM
from apps.kernel.errors import PortalError
from apps.usage.collectors import FORMATS, Pairs, Part, UsageFile
from apps.usage.collectors.formats import in_text
from apps.usage.models import Source
from apps.usage.protocols import UNKNOWN, Column, Events, Refused
from apps.usage.services.attribution import in_force, micros, moment
from apps.usage.services.days import oldest_kept
from apps.usage.services.ingest import BATCH_ROWS, receive

MICROSECOND = timedelta(microseconds=1)
MOST_DAYS = 36_500
Ids = tuple[int, int]


@dataclass(frozen=True)
class Imported:
    """What became of a file: received = inserted + duplicate + refused; the grants it led to.

    `evidence` counts inserted rows that are in no total, because another source bills the pair.
    """

    received: int
    inserted: int
    duplicate: int
    refused: int
    evidence: int
    adopted: Sequence[Grant]


def import_file(
    *,
    path: Path,
    format: str,
    source: str,
    workload: str = "",
    deployment: str = "",
    shift_days: int = 0,
    adopt: bool = False,
    refuse: Callable[[Refused], None],
) -> Imported:
    """Receive the calls of a file of one of FORMATS; `refuse` is told of each row that is not.

    `workload` and `deployment` are for rows that name none. With `adopt`, a pair that calls without
    a grant gets one, from its first such call on. Raises PortalError where nothing was taken.
    """
    _check_source(source)
    file = _file(path, format, Pairs(workload, deployment), shift_days)
    adopted = _adopt(file) if adopt else []
    totals = Counter[str]()
    for part in file.parts(BATCH_ROWS):
        refused = [*part.refused, *_receive(part, source, totals)]
        totals["refused"] += len(refused)
        for one in sorted(refused, key=lambda one: one.line):
            refuse(one)
    counts = {name: totals[name] for name in ("inserted", "duplicate", "refused")}
    return Imported(
        **counts, received=sum(counts.values()), evidence=totals["evidence"], adopted=adopted
    )


def _file(path: Path, format: str, pairs: Pairs, shift_days: int) -> UsageFile:
    layout = FORMATS[format]
    if "workload" not in layout.columns and not pairs.for_all:
        raise PortalError(
            f"A file of {format} says neither who called nor what. One workload and one "
            "deployment for the whole file would pass."
        )
    if abs(shift_days) > MOST_DAYS:
        raise PortalError(
            f"{formats.plural(shift_days, 'day')} is too far to shift. Up to "
            f"{formats.plural(MOST_DAYS, 'day')} back or forth would pass."
        )
    return UsageFile(path, layout, pairs, shift_days)


def _check_source(source: str) -> None:
    try:
        Source(slug=source).clean_fields()
    except ValidationError:
        raise PortalError(
            f"{in_text(source)} is no source. Up to 40 letters, digits, - and _ would pass."
        ) from None


def _receive(part: Part, source: str, totals: Counter[str]) -> list[Refused]:
    """Store a part under a key that is what it says: the same rows again are the same batch."""
    if not len(part.events):
        return []
    digest = hashlib.sha256(part.events.event_id.tobytes())
    receipt = receive(
        source=source,
        key=f"file:{digest.hexdigest()}",
        payload_sha256=digest.digest(),
        events=part.events,
    )
    totals["duplicate"] += receipt.duplicate
    if receipt.replayed:
        totals["duplicate"] += receipt.inserted
    else:
        totals.update(inserted=receipt.inserted, evidence=receipt.evidence)
    return [part.refuse(one.line, one.reason) for one in receipt.refused]


def _adopt(file: UsageFile) -> list[Grant]:
    """Grant each pair the time from its first call without a grant to its last.

    It reads the whole file once more, before: a grant must be there when its calls are received.
    """
    spans = dict[Ids, tuple[int, int]]()
    kept_since = micros(oldest_kept())
    for part in file.parts(BATCH_ROWS):
        kept = part.events.take(part.events.ts_us >= kept_since)
        lacking = kept.take(in_force(kept)[1] == UNKNOWN)
        for pair in _pairs(lacking):
            at = lacking.ts_us[_of(pair, lacking)]
            first, last = spans.get(pair, (at.min(), at.max()))
            spans[pair] = (min(first, at.min()), max(last, at.max()))
    adopted = []
    for pair, (first, last) in sorted(spans.items()):
        workload, resource = file.pairs.rows[pair]
        span = {"from_at": moment(first), "to_at": moment(last) + MICROSECOND}
        if span["from_at"] < timezone.now():
            while grant := access.adopt_grant(  # one for each gap between the grants there are
                resource=resource, workload=workload, by=SYSTEM, **span
            ):
                adopted.append(grant)
    return adopted


def _pairs(events: Events) -> set[Ids]:
    return set(zip(events.workload_id.tolist(), events.deployment_id.tolist(), strict=True))


def _of(pair: Ids, events: Events) -> Column:
    mask: Column = (events.workload_id == pair[0]) & (events.deployment_id == pair[1])
    return mask
