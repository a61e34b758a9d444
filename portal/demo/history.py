"""Ninety days of calls on the demo's deployments, and later the hours since."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import structlog
from django.db import transaction
from django.db.models import Max

from apps.access.models import Grant
from apps.catalog import selectors as catalog
from apps.usage import rollups
from apps.usage import services as usage
from apps.usage.models import IngestBatch
from apps.usage.protocols import Events
from portal.demo import data
from portal.demo.deployments import demo_built
from portal.demo.shapes import uses
from portal.demo.traffic import Line, draw, weights

log = structlog.get_logger(__name__)
SEED = 20_261_125
HOURS = 90 * 24
RECORDS = 300_000
BATCH_ROWS = 15_000
MILLION = 1_000_000
UNTIL = "demo until %Y-%m-%dT%H"
TEST_SHARE = 0.05  # of what a workload calls in production, it calls in dev and test


def seed_history(*, until: datetime, records: int = RECORDS) -> None:
    """Load `records` calls of the 90 days before a full hour, or those of the hours since the last.

    What one run loads is stored together or not at all.
    """
    end = _hour(until)
    start = max(end - HOURS, _loaded())
    if start >= end:
        return
    times = [time.perf_counter()]
    lines = list(_lines(until))
    events = draw(
        lines, start=start, end=end, records=_share(lines, start, end, records), seed=SEED
    )
    times.append(time.perf_counter())
    with transaction.atomic():
        for source in sorted({line.source for line in lines}):
            theirs = [line.deployment_id for line in lines if line.source == source]
            _store(source, until, events.take(np.isin(events.deployment_id, theirs)))
    times.append(time.perf_counter())
    rollups.roll_all()
    times.append(time.perf_counter())
    drawn, stored, rolled = np.diff(times).round(2).tolist()
    log.info("demo history", calls=len(events), drawn_s=drawn, stored_s=stored, rolled_s=rolled)


def _hour(moment: datetime) -> int:
    return int(moment.timestamp()) // 3600


def _loaded() -> int:
    """Return the hour until which the ledger has calls of the demo; 0 while it has none."""
    batches = IngestBatch.objects.filter(key__startswith=UNTIL[:10])
    last = batches.aggregate(last=Max("key"))["last"]
    return _hour(datetime.strptime(last.split(",")[0], UNTIL).replace(tzinfo=UTC)) if last else 0


def _share(lines: Sequence[Line], start: int, end: int, records: int) -> int:
    """Return how many calls belong to [start, end) when 90 days have `records`."""
    expected = weights(lines, np.arange(end - HOURS, end)).sum(axis=0)
    return round(records * float(expected[start - end :].sum() / expected.sum()))


def _store(source: str, until: datetime, events: Events) -> None:
    for number, batch in enumerate(events.batches(BATCH_ROWS)):
        usage.receive(
            source=source,
            key=f"{until:{UNTIL}}, {number:04}",
            payload_sha256=hashlib.sha256(batch.event_id.tobytes()).digest(),
            events=batch,
        )


def _lines(until: datetime) -> Iterator[Line]:
    """List the grant slices of the demo's deployments, by the shapes of their workloads."""
    told = {
        (one["team"], one["workload"], one["environment"]): one for one in data.rows("deployments")
    }
    shapes = uses()
    grants = Grant.objects.filter(resource__in=demo_built()).order_by("pk")
    for grant in grants.select_related(
        "workload__team", "resource__team", "resource__workload", "environment"
    ):
        resource = grant.resource
        said = told[resource.team.slug, resource.workload.slug, grant.environment.slug]
        quiet = until - timedelta(days=int(said["quiet_days"] or 0))
        used, a_day = shapes[f"{grant.workload.team.slug}/{grant.workload.slug}"]
        kind = catalog.deployment_types()[grant.sku]
        for shape in used:
            yield Line(
                workload_id=grant.workload_id,
                deployment_id=resource.pk,
                shape=shape,
                model=grant.model,
                a_day=a_day / len(used) * (1 if said["environment"] == "prod" else TEST_SHARE),
                built_us=_us(resource.built_at),
                from_us=_us(grant.from_at),
                to_us=_us(min(quiet, grant.to_at or until)),
                k_tpm=resource.facts["capacity"] if kind.billing == "tokens" else None,
                source=said["source"],
                spills=kind.billing == "ptu",
            )


def _us(moment: datetime) -> int:
    return int(moment.timestamp()) * MILLION
