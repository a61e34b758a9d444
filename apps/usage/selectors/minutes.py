"""The minutes of one deployment, exact: ready cells, and raw rows of hours that wait for theirs.

Whoever may see the deployment sees all of its load: a limit is reached by everybody together.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
from django.db import connection

from apps.kernel.errors import InvalidError
from apps.provisioning.models import Resource
from apps.teams import selectors as teams
from apps.teams.models import Person
from apps.teams.roles import Action
from apps.usage.protocols import Column
from apps.usage.selectors import packed
from apps.usage.selectors.schema import minutes_of

LONGEST = timedelta(days=1)
HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
READ = """
SELECT
    (SELECT string_agg(minutes, '') FROM usage_minute
     WHERE deployment_id = %(deployment)s AND hour >= %(lo)s AND hour < %(hi)s),
    (SELECT string_agg(DISTINCT int8send(date_part('epoch', hour)::bigint / 3600), '')
     FROM usage_dirtyhour WHERE NOT summed AND hour >= %(lo)s AND hour < %(hi)s)
"""
READ_WAITING = f"""
SELECT string_agg(minutes, '')
FROM ({minutes_of("AND deployment_id = %(deployment)s")}) AS counted WHERE hour = ANY(%(hours)s)
"""  # noqa: S608
UNKNOWN = np.array(None)  # as a percentile is told
COUNTS, WAITS = ("requests", "throttled", "tokens"), ("p50", "p95", "p99")
CELL = np.dtype(
    {"names": ["minute", *COUNTS, *WAITS], "formats": [*(">i4",) * 3, ">i8", *(">i4",) * 3]}
)


class Minute(NamedTuple):
    """One UTC minute with calls; percentiles in ms, None where no source told a latency."""

    at: datetime
    requests: int
    throttled: int
    tokens: int
    p50: int | None = None
    p95: int | None = None
    p99: int | None = None


def minutes(viewer: Person, resource: Resource, start: datetime, end: datetime) -> list[Minute]:
    """Return the minutes in [start, end) that had calls; at most a day, none of a foreign one."""
    if end - start > LONGEST:
        raise InvalidError("Minutes are shown for a day at most.", {"to": "A day at most."})
    if not teams.may(viewer, Action.RESOURCE_READ, resource.team):
        return []
    hour = start.replace(minute=0, second=0, microsecond=0)
    ((cells, waiting),) = packed.fetch(READ, {"deployment": resource.pk, "lo": hour, "hi": end}, 2)
    found = np.frombuffer(cells, CELL)
    if waiting:
        hours = packed.numbers(waiting)
        true = found[~np.isin(found["minute"] // 60, hours)]
        found = np.concatenate([true, _counted(resource, hours)])
    found = found[np.argsort(found["minute"])]
    first, last = np.searchsorted(found["minute"], [at.timestamp() / 60 for at in (start, end)])
    return _rows(found[first:last])


def _counted(resource: Resource, numbers: Column) -> Column:
    """Count the minutes of hours (numbered since 1970) from raw rows."""
    hours = [EPOCH + number * HOUR for number in numbers.tolist()]
    span = {"deployment": resource.pk, "lo": min(hours), "hi": max(hours) + HOUR, "hours": hours}
    ((cells,),) = packed.fetch(READ_WAITING, span, 1)
    return np.frombuffer(cells, CELL)


def _rows(found: Column) -> list[Minute]:
    times = map(EPOCH.__add__, found["minute"].astype("m8[m]").tolist())
    counts = [found[name].tolist() for name in COUNTS]
    waits = [np.where(found[name] < 0, UNKNOWN, found[name]).tolist() for name in WAITS]
    return list(map(Minute._make, zip(times, *counts, *waits, strict=True)))


def last_hour_of(resource: Resource) -> datetime | None:
    """Return the last hour in which a deployment was called; None where it never was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(hour) FROM usage_hour WHERE deployment_id = %s", [resource.pk])
        found: datetime | None = cursor.fetchone()[0]
        return found


@dataclass(frozen=True)
class Load:
    """How the minutes of a span compare with the limit; tokens are input and output together.

    `minutes` is the length of the span; `limit_tpm` None where the deployment has none in TPM.
    """

    minutes: int
    above: int
    peak_tokens: int
    peak_at: datetime
    limit_tpm: int | None
    requests: int
    tokens: int


def load(found: list[Minute], limit: int | None, start: datetime, end: datetime) -> Load | None:
    """Say how near a limit the minutes of [start, end) came; None where none had a call."""
    if not found:
        return None
    peak = max(found, key=lambda minute: minute.tokens)
    return Load(
        minutes=(end - start) // timedelta(minutes=1),
        above=sum(limit is not None and minute.tokens > limit for minute in found),
        peak_tokens=peak.tokens,
        peak_at=peak.at,
        limit_tpm=limit,
        requests=sum(minute.requests for minute in found),
        tokens=sum(minute.tokens for minute in found),
    )


def limit_tpm(resource: Resource) -> int | None:
    """Return the tokens per minute that Azure allows a deployment, as its facts tell them."""
    for rate in resource.facts.get("rate_limits", ()):
        if rate.get("key") == "token" and rate.get("renewalPeriod"):
            return int(rate["count"] * 60 / rate["renewalPeriod"])
    sku = str(resource.facts.get("sku", ""))
    if "Provisioned" in sku or "Batch" in sku:
        return None
    capacity = resource.facts.get("capacity")
    return int(capacity) * 1000 if capacity else None
