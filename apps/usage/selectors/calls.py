"""The calls themselves, for the explorer: newest first, by key."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.kernel import keyset
from apps.kernel.errors import InvalidError, NotFoundError
from apps.teams.models import Person
from apps.usage.models import UsageRecord
from apps.usage.protocols import MOST_MS
from apps.usage.selectors.cube import Names, all_names
from apps.usage.selectors.period import Period, read_period
from apps.usage.selectors.scope import COLUMNS, read_filters, scope_for
from apps.usage.states import Counts, Dimension, Grain

ORDER = ("-ts", "-workload_id", "-event_id")
OUTCOMES = {
    "ok": Q(status__lt=400),
    "failed": Q(status__gte=400),
    "throttled": Q(status=429),
}


@dataclass(frozen=True)
class Asked:
    """What the address of the explorer asks for; an empty value means "any"."""

    period: Period
    where: Mapping[Dimension, Sequence[str]] = field(default_factory=dict)
    outcome: str = ""
    slower_ms: int | None = None
    cursor: str = ""

    @classmethod
    def read(cls, query: Any, now: datetime) -> "Asked":
        """Read the query of an address; InvalidError says what would pass."""
        outcome, slower = query.get("outcome", ""), query.get("slower_ms", "")
        if outcome and outcome not in OUTCOMES:
            raise InvalidError(
                f"“{outcome[:40]}” is no outcome; ok, failed or throttled would pass.",
                {"outcome": "ok, failed or throttled."},
            )
        if slower and not _is_ms(slower):
            raise InvalidError(
                f"“{slower[:40]}” cannot be read as milliseconds; a whole number would pass.",
                {"slower_ms": f"0 to {MOST_MS}."},
            )
        return cls(
            period=read_period({"period": "24h", **_plain(query)}, now),
            where=read_filters(query),
            outcome=outcome,
            slower_ms=int(slower) if slower else None,
            cursor=query.get("cursor", ""),
        )


def _is_ms(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10 and int(text) <= MOST_MS


def _plain(query: Any) -> dict[str, str]:
    found = {key: query.get(key) for key in ("period", "month", "from", "to", "grain")}
    if found["from"] and not found["period"]:
        found["period"] = "custom"
    return {key: value for key, value in found.items() if value}


def calls_visible(viewer: Person, asked: Asked) -> QuerySet[UsageRecord]:
    """Return the calls of an address that the viewer may see, in no order.

    Evidence of a second source is no call of its own and is left out.
    """
    scope = scope_for(viewer, asked.where)
    rows = UsageRecord.objects.filter(
        ts__gte=asked.period.start, ts__lt=asked.period.end, role=Counts.BILLING
    )
    if scope.reach and not scope.reach.everywhere:
        rows = rows.filter(Q(bu_id__in=scope.reach.units) | Q(team_id__in=scope.reach.teams))
    for dimension, ids in scope.where.items():
        rows = rows.filter(**{f"{COLUMNS[dimension]}__in": ids})
    if asked.outcome:
        rows = rows.filter(OUTCOMES[asked.outcome])
    return rows if asked.slower_ms is None else rows.filter(latency_ms__gt=asked.slower_ms)


def calls_page(viewer: Person, asked: Asked) -> keyset.Page[UsageRecord]:
    """Cut one page out of the calls, newest first."""
    return keyset.page(calls_visible(viewer, asked), order=ORDER, cursor=asked.cursor)


def calls_iterator(viewer: Person, asked: Asked) -> Iterator[UsageRecord]:
    """Return all calls of an address, one after the other."""
    return calls_visible(viewer, asked).order_by(*ORDER).iterator(chunk_size=2_000)


def call_for(viewer: Person, *, workload: int, at: datetime, event: UUID) -> UsageRecord:
    """Return one call; one that is not visible is the same as one that does not exist."""
    moment = Period(at, at + timedelta(microseconds=1), Grain.HOUR)
    rows = calls_visible(viewer, Asked(moment)).filter(workload_id=workload, event_id=event)
    found = rows.first()
    if found is None:
        raise NotFoundError
    return found


def names_of(rows: Sequence[UsageRecord]) -> Names:
    """Name what calls refer to; one query, however many calls."""
    return all_names(
        {dimension: {getattr(row, at) for row in rows} for dimension, at in COLUMNS.items()}
    )
