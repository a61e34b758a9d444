"""Store batches exactly once: ledger, attribution, price, COPY, dirty hours; one transaction."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.kernel.errors import ConflictError
from apps.usage.models import IngestBatch, Quarantine, RawDay, Source
from apps.usage.protocols import AHEAD, COUNTS, NOBODY, UNKNOWN, Column, Events, Receipt, Refused
from apps.usage.selectors.schema import raw_table
from apps.usage.services.attribution import Placed, attribute, dictionaries, micros, moment
from apps.usage.services.copying import PG_EPOCH_US, Field, encode
from apps.usage.services.days import ensure_days, oldest_kept
from apps.usage.services.deadlocks import again_after_deadlock
from apps.usage.services.pricing import DAY_US, EPOCH, price
from apps.usage.states import Counts

BATCH_ROWS = 20_000  # smaller ones cost more a row: each looks its pairs up anew
HOUR_US = 3_600_000_000
ENTER = """
INSERT INTO usage_ingestbatch
    (source_id, key, payload_sha256, received, inserted, duplicate, refused, evidence)
VALUES (%s, %s, %s, 0, 0, 0, 0, 0) ON CONFLICT (source_id, key) DO NOTHING RETURNING id
"""
NO_GRANT = "No grant let this workload use this deployment at {at}. Import with --adopt to make one"
TOO_OLD = "{at} is before the {days} days whose rows are kept. Send it within that time"
FUTURE = "{at} is in the future. Check the clock of what sent it"
FROZEN = "{at} is in a day that is closed for good; kept for an adjustment"


@dataclass(frozen=True)
class Stored:
    """How many rows are new, and how many of them only bear evidence."""

    rows: int = 0
    evidence: int = 0

    def plus(self, rows: int, evidence: int) -> "Stored":
        """Add another day's rows."""
        return Stored(self.rows + rows, self.evidence + evidence)


@again_after_deadlock
def receive(*, source: str, key: str, payload_sha256: bytes, events: Events) -> Receipt:
    """Store a batch once; the same batch again changes nothing and gets the stored counts.

    The same (source, key) with another payload is a ConflictError. Rows without a grant at their
    time, too old or in the future are refused one by one; sent again later they may pass.
    """
    origin = Source.objects.get_or_create(slug=source)[0]
    done = _done(origin, key, payload_sha256)
    if done:
        return done
    sound, refused = _in_time(events)
    days = _days(sound)
    ensure_days(days)
    with transaction.atomic():
        batch = _enter(origin, key, payload_sha256)
        if batch is None:  # somebody else has stored it since we looked
            return _done(origin, key, payload_sha256) or _lost(key)
        thawed, cold = _not_frozen(sound, days, batch)
        placed, lost = attribute(thawed, origin)
        refused += [*cold, *_refuse(thawed, lost, NO_GRANT)]
        stored = _store(placed, batch)
        return _settle(batch, placed, stored, sorted(refused, key=lambda row: row.line))


def _lost(key: str) -> Receipt:
    raise ConflictError(f"Batch “{key}” is being stored by somebody else. Send it again.")


def _done(origin: Source, key: str, sha: bytes) -> Receipt | None:
    """Return the stored counts of a batch, unless some of its rows may pass now."""
    row = IngestBatch.objects.filter(source=origin, key=key).first()
    if row is None:
        return None
    if bytes(row.payload_sha256) != sha:
        raise ConflictError(
            f"Batch “{key}” of {origin} was received before with other content. Nothing was "
            "stored; send changed rows under a key of their own."
        )
    if row.refused and not _ended(row):
        return None
    return Receipt(
        row.pk, row.received, row.inserted, row.duplicate, replayed=True, evidence=row.evidence
    )


def _ended(row: IngestBatch) -> bool:
    """Say whether a day of a batch is closed for good: what was refused then stays refused."""
    days = RawDay.objects.filter(frozen_at__isnull=False)
    return row.min_ts is not None and (
        row.min_ts < oldest_kept() or days.filter(day__range=(row.min_ts, row.max_ts)).exists()
    )


def _enter(origin: Source, key: str, sha: bytes) -> IngestBatch | None:
    """Take the batch's line in the ledger; None where another transaction finished it first."""
    with connection.cursor() as cursor:
        cursor.execute(ENTER, [origin.pk, key, sha])
        if new := cursor.fetchone():
            return IngestBatch(pk=new[0], source=origin, key=key, payload_sha256=sha)
    batch = IngestBatch.objects.select_for_update().get(source=origin, key=key)
    return batch if batch.refused and bytes(batch.payload_sha256) == sha else None


def _in_time(events: Events) -> tuple[Events, list[Refused]]:
    future = events.ts_us > micros(timezone.now() + AHEAD)
    old = events.ts_us < micros(oldest_kept())
    refused = _refuse(events, future, FUTURE)
    refused += _refuse(events, old, TOO_OLD, days=settings.USAGE_RAW_DAYS)
    return events.take(~(future | old)) if refused else events, refused


def _refuse(events: Events, rows: Column, sentence: str, **words: Any) -> list[Refused]:
    return [
        Refused(int(events.line[row]), f"{sentence.format(at=_at(events, row), **words)}.")
        for row in np.flatnonzero(rows).tolist()
    ]


def _at(events: Events, row: int) -> str:
    return f"{moment(events.ts_us[row]):%Y-%m-%d %H:%M:%S} UTC"


def _days(events: Events) -> list[date]:
    return [EPOCH + timedelta(days=int(day)) for day in np.unique(events.ts_us // DAY_US)]


def _not_frozen(
    events: Events, days: list[date], batch: IngestBatch
) -> tuple[Events, list[Refused]]:
    """Keep the days of the batch from being frozen meanwhile; put rows of frozen ones aside."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT day FROM usage_rawday WHERE day = ANY(%s) ORDER BY day FOR KEY SHARE",
            [days],
        )
        cursor.execute(
            "SELECT day FROM usage_rawday WHERE day = ANY(%s) AND frozen_at IS NOT NULL",
            [days],
        )
        frozen = [(day - EPOCH).days for (day,) in cursor.fetchall()]
    if not frozen:
        return events, []
    cold = np.isin(events.ts_us // DAY_US, frozen)
    refused = _refuse(events, cold, FROZEN)
    late = events.take(cold)
    Quarantine.objects.bulk_create(
        [_aside(late, row, batch) for row in range(len(late))], ignore_conflicts=True
    )
    return events.take(~cold), refused


def _aside(events: Events, row: int, batch: IngestBatch) -> Quarantine:
    names = (*COUNTS, "status", "error_kind", "spillover", "latency_ms", "ttft_ms")
    values = {name: int(getattr(events, name)[row]) for name in names}
    return Quarantine(
        event_id=UUID(bytes=bytes(events.event_id[row])),
        workload_id=int(events.workload_id[row]),
        ts=moment(events.ts_us[row]),
        row={
            "deployment_id": int(events.deployment_id[row]),
            **{name: None if value == UNKNOWN else value for name, value in values.items()},
        },
        reason=FROZEN.format(at=_at(events, row)),
        batch=batch,
    )


def _store(placed: Placed, batch: IngestBatch) -> Stored:
    """COPY into the days' partitions; only where a row is there already, go through a stage."""
    if not len(placed.events):
        return Stored()
    fields = layout(placed, batch)
    days = placed.events.ts_us // DAY_US
    stored = Stored()
    for day in np.unique(days):
        rows = np.flatnonzero(days == day)
        # In the order of the unique index, whose pages are then filled one after the other.
        rows = rows[np.argsort(placed.events.ts_us[rows], kind="stable")]
        data = b"".join(encode(fields, rows))
        table = raw_table(EPOCH + timedelta(days=int(day)))
        names = ", ".join(field.name for field in fields)
        try:
            with transaction.atomic():
                _copy(f"COPY {table} ({names}) FROM STDIN (FORMAT binary)", data)
            evidence = int((placed.role[rows] == Counts.EVIDENCE).sum())
            stored = stored.plus(len(rows), evidence)
        except IntegrityError:
            stored = stored.plus(*_through_stage(table, names, data))
    return stored


def _through_stage(table: str, names: str, data: bytes) -> tuple[int, int]:
    """Insert what is not there yet; returns how many rows, and how many of them are evidence."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE IF NOT EXISTS usage_stage (LIKE usage_record)")
        cursor.execute("TRUNCATE usage_stage")
        _copy(f"COPY usage_stage ({names}) FROM STDIN (FORMAT binary)", data)
        # What the billing source says of a call takes the place of another source's word.
        cursor.execute(
            f"DELETE FROM {table} AS held USING usage_stage AS said "  # noqa: S608
            "WHERE held.role = 1 AND said.role = 0 AND held.workload_id = said.workload_id "
            "AND held.ts = said.ts AND held.event_id = said.event_id"
        )
        cursor.execute(
            f"WITH fresh AS (INSERT INTO {table} ({names}) SELECT {names} FROM usage_stage "  # noqa: S608
            "ORDER BY ts, workload_id, event_id ON CONFLICT DO NOTHING RETURNING role) "
            "SELECT count(*), count(*) FILTER (WHERE role = 1) FROM fresh"
        )
        rows, evidence = cursor.fetchone()
        cursor.execute("TRUNCATE usage_stage")
    return rows, evidence


def _copy(statement: str, data: bytes) -> None:
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(statement) as copy,
    ):
        copy.write(data)


def layout(placed: Placed, batch: IngestBatch) -> list[Field]:
    """Lay out the columns of usage_record as they are sent."""
    events, grants = placed.events, placed.grants
    of_grant, of_offer = placed.of_grant, placed.of_offer
    sets, costs = price(placed)
    models, regions = dictionaries(grants.offers)
    size = len(events)
    fields = [
        Field("ts", "i8", events.ts_us - PG_EPOCH_US),
        Field("batch_id", "i8", np.full(size, batch.pk)),
        Field("list_cost_nano", "i8", costs, costs != UNKNOWN),
        Field("price_set_id", "i4", sets, sets != UNKNOWN),
        Field("workload_id", "i4", events.workload_id),
        Field("deployment_id", "i4", events.deployment_id),
        Field("team_id", "i4", of_grant(grants.team_id)),
        Field("bu_id", "i4", of_grant(grants.business_unit_id)),
        Field("model_id", "i4", of_offer(models)),
        Field("environment_id", "i2", of_grant(grants.environment_id)),
        Field("region_id", "i2", of_offer(regions)),
        Field("source_id", "i2", np.full(size, batch.source_id)),
        Field("status", "i2", events.status),
        Field("role", "i2", placed.role),
        Field("event_id", "V16", events.event_id),
        Field("input_tokens", "i4", events.input_tokens),
        Field("output_tokens", "i4", events.output_tokens),
        Field("end_user_hash", "V16", events.end_user, events.end_user != np.void(NOBODY)),
    ]
    optional = [("is_spillover", "u1", events.spillover), ("error_kind", "i2", events.error_kind)]
    optional += [
        (name, "i4", getattr(events, name)) for name in (*COUNTS[2:], "latency_ms", "ttft_ms")
    ]
    return fields + [
        Field(name, code, values, known)
        for name, code, values in optional
        if (known := values != UNKNOWN).any()
    ]


def _settle(batch: IngestBatch, placed: Placed, stored: Stored, refused: list[Refused]) -> Receipt:
    """Write the ledger and queue the hours; rows that only bear evidence change no rollup."""
    events, inserted = placed.events, stored.rows
    if inserted > stored.evidence:
        hours = np.unique(events.ts_us[placed.role == Counts.BILLING] // HOUR_US)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO usage_dirtyhour (hour, at) "
                "SELECT to_timestamp(h * 3600.0), clock_timestamp() FROM unnest(%s::bigint[]) h",
                [[int(hour) for hour in hours]],
            )
    received = len(events) + len(refused)
    duplicate = len(events) - inserted
    fresh: dict[str, Any] = {
        "received": received,
        # A batch that comes again because rows were refused keeps what it stored the first time.
        "inserted": batch.inserted + inserted,
        "duplicate": duplicate - batch.inserted,
        "refused": len(refused),
        "evidence": batch.evidence + stored.evidence,
    }
    if len(events):
        fresh["min_ts"], fresh["max_ts"] = moment(events.ts_us.min()), moment(events.ts_us.max())
    IngestBatch.objects.filter(pk=batch.pk).update(**fresh)
    return Receipt(batch.pk, received, inserted, duplicate, refused, evidence=stored.evidence)
