"""Attribute events to the grant slices in force at their time, and say whose rows count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from django.db import connection

from apps.access.selectors import Slice, slices
from apps.usage.models import BillingSource, ModelKey, RegionKey, Source
from apps.usage.protocols import UNKNOWN, Column, Events
from apps.usage.states import Counts

EPOCH_AT = datetime.fromtimestamp(0, UTC)
FOREVER_US = 1 << 62
PAIR = 1 << 32  # workload × PAIR + deployment
OTHERS = """
SELECT workload_id, deployment_id, source_id
FROM unnest(%s::bigint[], %s::bigint[]) AS pair (workload_id, deployment_id)
LEFT JOIN usage_billingsource USING (workload_id, deployment_id)
WHERE source_id IS DISTINCT FROM %s
"""


@dataclass(frozen=True)
class Placed:
    """Events with the position of each one's slice in `grants`, and what it counts for."""

    events: Events
    grants: Sequence[Slice]
    grant: Column
    role: Column

    def of_grant(self, values: Sequence[int]) -> Column:
        """Spread one value per slice over the events."""
        return np.asarray(values, np.int64)[self.grant]


def micros(moment: datetime) -> int:
    """Return microseconds since 1970 UTC."""
    return (moment - EPOCH_AT) // timedelta(microseconds=1)


def moment(ts_us: int) -> datetime:
    """Return the time of microseconds since 1970 UTC."""
    return EPOCH_AT + timedelta(microseconds=int(ts_us))


def attribute(events: Events, origin: Source) -> tuple[Placed, Column]:
    """Return the attributed events, and the mask of those that had no grant at their time."""
    pair, code = np.unique(events.workload_id * PAIR + events.deployment_id, return_inverse=True)
    grants = slices([(int(one // PAIR), int(one % PAIR)) for one in pair])
    grant = _in_force(events.ts_us, pair, code, grants)
    lost = grant == UNKNOWN
    known = events.take(~lost) if lost.any() else events
    used = [grants[position] for position in np.unique(grant[~lost])]
    return Placed(known, grants, grant[~lost], _roles(known, used, origin)), lost


def _in_force(ts_us: Column, pair: Column, code: Column, grants: Sequence[Slice]) -> Column:
    """Find each event's slice; pairs with one slice, nearly all, are looked up at once."""
    start = np.asarray([micros(one.from_at) for one in grants], np.int64)
    end = np.asarray([micros(one.to_at) if one.to_at else FOREVER_US for one in grants], np.int64)
    owner = np.searchsorted(pair, [one.workload_id * PAIR + one.resource_id for one in grants])
    first = np.full(len(pair), UNKNOWN, np.int64)
    first[owner[::-1]] = np.arange(len(grants))[::-1]
    grant = first[code]
    if not len(grants):
        return grant
    for position in np.flatnonzero(first[owner] != np.arange(len(grants))):
        grant[(code == owner[position]) & (ts_us >= start[position])] = position
    outside = (grant == UNKNOWN) | (ts_us < start[grant]) | (ts_us >= end[grant])
    return np.where(outside, UNKNOWN, grant)


def _roles(events: Events, grants: Sequence[Slice], origin: Source) -> Column:
    """Say of each row what it counts for; the first source that tells of a pair bills it."""
    pairs = {(one.workload_id, one.resource_id) for one in grants}
    others = _others(pairs, origin)
    if new := [pair for pair, source in others.items() if source is None]:
        BillingSource.objects.bulk_create(
            [BillingSource(workload_id=w, deployment_id=d, source=origin) for w, d in new],
            ignore_conflicts=True,
        )
        others = _others(pairs, origin)
    if not others:
        return np.full(len(events), Counts.BILLING.value)
    elsewhere = [w * PAIR + d for w, d in others]
    evidence = np.isin(events.workload_id * PAIR + events.deployment_id, elsewhere)
    return np.where(evidence, Counts.EVIDENCE.value, Counts.BILLING.value)


def _others(pairs: set[tuple[int, int]], origin: Source) -> dict[tuple[int, int], int | None]:
    """Look up the pairs that another source bills; None where no source does yet."""
    workloads, deployments = zip(*pairs, strict=True) if pairs else ((), ())
    with connection.cursor() as cursor:
        cursor.execute(OTHERS, [list(workloads), list(deployments), origin.pk])
        return {(w, d): source for w, d, source in cursor.fetchall()}


def dictionaries(grants: Sequence[Slice]) -> tuple[list[int], list[int]]:
    """Look up the short numbers of the model version and the region of each slice."""
    models = {(one.model, one.version): one.pk for one in ModelKey.objects.all()}
    for model, version in {(one.model, one.version) for one in grants} - models.keys():
        row, _ = ModelKey.objects.get_or_create(model=model, version=version)
        models[model, version] = row.pk
    regions = {one.name: one.pk for one in RegionKey.objects.all()}
    for name in {one.region for one in grants} - regions.keys():
        regions[name] = RegionKey.objects.get_or_create(name=name)[0].pk
    return (
        [models[one.model, one.version] for one in grants],
        [regions[one.region] for one in grants],
    )
