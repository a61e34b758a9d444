"""How ingest and the work behind it are doing: what waits, what came, what is late or missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from apps.kernel import keyset
from apps.teams import selectors as teams
from apps.teams.models import Person
from apps.teams.roles import Action
from apps.usage.models import IngestBatch
from apps.usage.selectors.schema import BY_MONTH, month_of, raw_table
from apps.usage.states import Punctual

DAY = timedelta(days=1)

LATE = {
    "hours": timedelta(minutes=2),
    "days": timedelta(minutes=5),
    "sketches": timedelta(minutes=5),
    "ahead": timedelta(hours=3),
    "closed": timedelta(hours=3),
    "dropped": timedelta(hours=3),
}
DAYS_NEEDED_AHEAD = 2
ORDER = ("-id",)
# One statement: it heads the platform admin's home page.
READ = """
SELECT
    (SELECT min(at) FROM usage_dirtyhour WHERE NOT summed),
    (SELECT count(DISTINCT hour) FROM usage_dirtyhour WHERE NOT summed),
    (SELECT count(*) FROM usage_quarantine),
    (SELECT json_object_agg(name, json_build_array(at, lag_ms)) FROM usage_fillstate),
    (SELECT array_agg(day) FROM usage_rawday WHERE dropped_at IS NULL),
    (SELECT array_agg(relname::text) FROM pg_class
     WHERE relispartition AND relnamespace = (
         SELECT relnamespace FROM pg_class WHERE oid = 'usage_record'::regclass)),
    (SELECT json_agg(json_build_array(
         slug, last_row_at, last_batch_at, rows, refused) ORDER BY slug)
     FROM (SELECT s.slug,
               (SELECT max(max_ts) FROM usage_ingestbatch WHERE source_id = s.id) AS last_row_at,
               (SELECT max(received_at) FROM usage_ingestbatch
                WHERE source_id = s.id) AS last_batch_at,
               coalesce(sum(b.inserted), 0) AS rows, coalesce(sum(b.refused), 0) AS refused
           FROM usage_source s LEFT JOIN usage_ingestbatch b
               ON b.source_id = s.id AND b.received_at > %(since)s
           GROUP BY s.id, s.slug) AS sources)
"""


@dataclass(frozen=True)
class Work:
    """A piece of background work: when it last ran through, and how late it was then."""

    name: str
    at: datetime | None
    lag: timedelta
    late: bool

    @property
    def state(self) -> Punctual:
        """Say whether it is on time."""
        return Punctual.LATE if self.late else Punctual.ON_TIME


@dataclass(frozen=True)
class SourceState:
    """A source: its newest row, its last batch, and its rows of the last 24 hours."""

    slug: str
    last_row_at: datetime | None
    last_batch_at: datetime | None
    rows: int
    refused: int


@dataclass(frozen=True)
class Health:
    """The state at one moment; `late` are sentences, none when all is well."""

    waiting_since: datetime | None
    waiting_hours: int
    quarantined: int
    days_ahead: int
    work: Sequence[Work]
    sources: Sequence[SourceState]
    lag: timedelta
    late: Sequence[str]

    @property
    def rows(self) -> int:
        """Return the rows stored in the last 24 hours."""
        return sum(source.rows for source in self.sources)

    @property
    def refused(self) -> int:
        """Return the rows refused in the last 24 hours."""
        return sum(source.refused for source in self.sources)


def health_for(viewer: Person) -> Health | None:
    """Return the state of ingest for those who run the platform; None for anybody else."""
    return health() if teams.may(viewer, Action.JOB_OPERATE, None) else None


def health() -> Health:
    """Read the state of ingest, in one query."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(READ, {"since": now - DAY})
        waiting_since, hours, quarantined, states, kept, partitions, sources = cursor.fetchone()
    work = [_work(name, (states or {}).get(name), now) for name in LATE]
    days = kept or []
    waited = now - waiting_since if waiting_since else timedelta(0)
    missing = _needed(days, now.date()) - set(partitions or ())
    return Health(
        waiting_since=waiting_since,
        waiting_hours=hours,
        quarantined=quarantined,
        days_ahead=max(((day - now.date()).days for day in days), default=0),
        work=work,
        sources=[_source(*row) for row in sources or ()],
        lag=max(work[0].lag, waited),
        late=[
            *(_tell(one) for one in work if one.late),
            *([_tell_waiting(waiting_since)] if waited > LATE["hours"] else []),
            *(f"The partition {name} is missing." for name in sorted(missing)),
        ],
    )


def late() -> list[str]:
    """Say which background work is late, and which partitions are missing."""
    return list(health().late)


def batches_page(viewer: Person, cursor: str) -> keyset.Page[IngestBatch]:
    """Cut one page out of the ledger, last batch first; empty unless the viewer runs the platform.

    A key may name a file of any team.
    """
    rows: QuerySet[IngestBatch] = IngestBatch.objects.select_related("source")
    if not teams.may(viewer, Action.JOB_OPERATE, None):
        rows = rows.none()
    return keyset.page(rows, order=ORDER, cursor=cursor)


def _work(name: str, state: Sequence[Any] | None, now: datetime) -> Work:
    if state is None:
        return Work(name, None, timedelta(0), late=True)
    at = datetime.fromisoformat(state[0]).astimezone(UTC)
    return Work(name, at, timedelta(milliseconds=state[1]), late=now - at > LATE[name])


def _source(
    slug: str, last_row: str | None, last: str | None, rows: int, refused: int
) -> SourceState:
    row_at, batch_at = (
        datetime.fromisoformat(at).astimezone(UTC) if at else None for at in (last_row, last)
    )
    return SourceState(slug, row_at, batch_at, rows, refused)


def _tell(work: Work) -> str:
    if work.at is None:
        return f"“{work.name}” has never run. Is the worker up?"
    return f"“{work.name}” last ran through at {work.at:%Y-%m-%d %H:%M:%S} UTC. Is the worker up?"


def _tell_waiting(since: datetime) -> str:
    return f"Rows wait for their rollups since {since:%Y-%m-%d %H:%M:%S} UTC."


def _needed(kept: Sequence[date], today: date) -> set[str]:
    """Name the partitions that must be there: of the kept days, and of the next ones."""
    ahead = {raw_table(today + timedelta(days=n)) for n in range(DAYS_NEEDED_AHEAD + 1)}
    by_month = {f"{parent}_{month_of(day)}" for day in kept for parent in BY_MONTH}
    return ahead | by_month | {raw_table(day) for day in kept}
