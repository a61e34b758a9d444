"""The minutes of one deployment, exact: calls and tokens from raw rows, latency from its keys.

Whoever may see the deployment sees all of its load: a limit is reached by everybody together.
"""

from collections.abc import Iterable
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
from apps.usage.selectors.sketches import PERCENTS
from apps.usage.states import Metric

LONGEST = timedelta(days=1)
READ = """
SELECT * FROM (
    SELECT string_agg(int8send(date_part('epoch', hour)::bigint), '' ORDER BY hour),
        string_agg(int8send(cardinality(key)), '' ORDER BY hour),
        string_agg(substr(array_send(key), 21), '' ORDER BY hour)
    FROM latency_minute WHERE deployment_id = %s AND metric = %s AND hour >= %s AND hour < %s
) AS latencies, (
    SELECT string_agg(timestamptz_send(ts), ''), string_agg(int2send(status), ''),
        string_agg(int4send(input_tokens + output_tokens), '')
    FROM usage_record WHERE deployment_id = %s AND ts >= %s AND ts < %s AND role = 0
) AS calls
"""
THROTTLED = 429
MINUTE_US = 60_000_000
MINUTES_TO_2000 = 15_778_080  # from 1970: PostgreSQL counts from 2000


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
    asked = [resource.pk, Metric.ANSWER.value, hour, end, resource.pk, start, end]
    ((hours, sizes, keys, *calls),) = packed.fetch(READ, asked, 6)
    latencies = _latencies(packed.numbers(hours), packed.numbers(sizes), keys)
    return [
        Minute(datetime.fromtimestamp(minute * 60, UTC), *counts, *latencies.get(minute, ()))
        for minute, *counts in _counts(*calls)
    ]


def _counts(ts: bytes, status: bytes, tokens: bytes) -> Iterable[tuple[int, ...]]:
    """Return minutes since 1970 with their calls, refused calls and tokens."""
    every = packed.numbers(ts) // MINUTE_US + MINUTES_TO_2000
    found, place = np.unique(every, return_inverse=True)
    refused = place[packed.elements(status, len(every), ">i2") == THROTTLED]
    added = np.bincount(place, packed.elements(tokens, len(every), ">i4"), len(found))
    columns = (found, np.bincount(place), np.bincount(refused, minlength=len(found)), added)
    return zip(*(column.astype(np.int64).tolist() for column in columns), strict=True)


def _latencies(hours: Column, sizes: Column, packed_keys: bytes) -> dict[int, list[int]]:
    """Return the exact percentiles by minute since 1970: the keys of one are a sorted slice."""
    keys = packed.elements(packed_keys, int(sizes.sum()), ">i4")
    every = np.repeat(hours // 60, sizes) + (keys >> 25)
    found, first, n = np.unique(every, return_index=True, return_counts=True)
    ranks = -(-PERCENTS * n[:, None] // 100)  # nearest, rounded up
    ms = keys[first[:, None] + ranks - 1] & 33554431
    return dict(zip(found.tolist(), ms.tolist(), strict=True))


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
