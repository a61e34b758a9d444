"""Attribute events to the grant slices in force at their time, and say whose rows count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from django.db import connection

from apps.access.selectors import Offer, Slices, slices
from apps.usage.models import BillingSource, ModelKey, RegionKey, Source
from apps.usage.protocols import UNKNOWN, Column, Events
from apps.usage.states import Counts

EPOCH_AT = datetime.fromtimestamp(0, UTC)
PAIR = 1 << 32  # workload × PAIR + deployment
OTHERS = """
SELECT workload_id, deployment_id, source_id
FROM unnest(translate(%s, '[]', '{}')::bigint[], translate(%s, '[]', '{}')::bigint[])
    AS pair (workload_id, deployment_id)
LEFT JOIN usage_billingsource USING (workload_id, deployment_id)
WHERE source_id IS DISTINCT FROM %s
"""
SHORT = """
SELECT usage_modelkey.id, usage_regionkey.id
FROM unnest(%s::text[], %s::text[], %s::text[]) WITH ORDINALITY AS offer (model, version, name, at)
LEFT JOIN usage_modelkey USING (model, version)
LEFT JOIN usage_regionkey USING (name)
ORDER BY at
"""


@dataclass(frozen=True)
class Placed:
    """Events with the position of each one's slice in `grants`, and what it counts for."""

    events: Events
    grants: Slices
    grant: Column
    role: Column

    def of_grant(self, values: Column) -> Column:
        """Spread one value per slice over the events."""
        return values[self.grant]

    def of_offer(self, values: Column) -> Column:
        """Spread one value per offer over the events."""
        return values[self.grants.offer[self.grant]]


def micros(moment: datetime) -> int:
    """Return microseconds since 1970 UTC."""
    return (moment - EPOCH_AT) // timedelta(microseconds=1)


def moment(ts_us: int) -> datetime:
    """Return the time of microseconds since 1970 UTC."""
    return EPOCH_AT + timedelta(microseconds=int(ts_us))


def attribute(events: Events, origin: Source) -> tuple[Placed, Column]:
    """Return the attributed events, and the mask of those that had no grant at their time."""
    grants, grant = in_force(events)
    lost = grant == UNKNOWN
    if lost.any():
        events, grant = events.take(~lost), grant[~lost]
    return Placed(events, grants, grant, _roles(events, grants, grant, origin)), lost


def in_force(events: Events) -> tuple[Slices, Column]:
    """Return the slices of the events' pairs, and the position of each event's, or −1."""
    called = _pairs(events)
    pair, code = np.unique(called, return_inverse=True)
    grants = slices(*np.divmod(pair, PAIR))
    if not len(grants):
        return grants, np.full(len(events), UNKNOWN)
    owner = grants.workload_id * PAIR + grants.resource_id
    ended = np.append(owner, UNKNOWN)  # after the last slice comes nobody's

    def begun(at: Column) -> Column:
        own: Column = ended.take(at, mode="clip") == called
        own &= grants.from_us.take(at, mode="clip") <= events.ts_us
        return own

    grant = np.searchsorted(owner, pair)[code]
    while (later := begun(grant + 1)).any():  # as often as one pair has a next slice: few have
        grant = grant + later
    inside = begun(grant) & (events.ts_us < grants.to_us.take(grant, mode="clip"))
    return grants, np.where(inside, grant, UNKNOWN)


def _pairs(events: Events) -> Column:
    return events.workload_id * PAIR + events.deployment_id


def _roles(events: Events, grants: Slices, grant: Column, origin: Source) -> Column:
    """Say of each row what it counts for; the first source that tells of a pair bills it."""
    used = np.unique(grant)
    pairs = grants.workload_id[used], grants.resource_id[used]
    others = _others(pairs, origin)
    if new := [pair for pair, source in others.items() if source is None]:
        BillingSource.objects.bulk_create(
            [BillingSource(workload_id=w, deployment_id=d, source=origin) for w, d in new],
            ignore_conflicts=True,
        )
        others = _others(pairs, origin)
    if not others:
        return np.full(len(events), Counts.BILLING.value)
    evidence = np.isin(_pairs(events), [w * PAIR + d for w, d in others])
    return np.where(evidence, Counts.EVIDENCE.value, Counts.BILLING.value)


def _others(pairs: tuple[Column, Column], origin: Source) -> dict[tuple[int, int], int | None]:
    """Look up the pairs that another source bills; None where no source does yet."""
    with connection.cursor() as cursor:
        cursor.execute(OTHERS, [*(str(column.tolist()) for column in pairs), origin.pk])
        return {(w, d): source for w, d, source in cursor.fetchall()}


def dictionaries(offers: Sequence[Offer]) -> tuple[Column, Column]:
    """Look up the short numbers of the model version and the region of each offer."""
    with connection.cursor() as cursor:
        cursor.execute(
            SHORT,
            [[getattr(one, name) for one in offers] for name in ("model", "version", "region")],
        )
        found = cursor.fetchall()
    for at, one in enumerate(offers):
        model, region = found[at]
        if model is None:
            row, _ = ModelKey.objects.get_or_create(model=one.model, version=one.version)
            model = row.pk
        if region is None:
            region = RegionKey.objects.get_or_create(name=one.region)[0].pk
        found[at] = model, region
    models, regions = np.array(found, np.int64).reshape(-1, 2).T
    return models, regions
