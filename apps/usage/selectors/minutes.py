"""The minutes of one deployment, exact: calls and tokens from raw rows, latency from its keys.

Whoever may see the deployment sees all of its load: a limit is reached by everybody together.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from apps.kernel.errors import InvalidError
from apps.provisioning.models import Resource
from apps.provisioning.selectors import resources_visible
from apps.teams.models import Person
from apps.usage.states import Metric

LONGEST = timedelta(days=1)
COUNTS = """
SELECT date_bin('1 minute', ts, '2000-01-01 00:00+00') AS minute, count(*),
    count(*) FILTER (WHERE status = 429), sum(input_tokens + output_tokens)::bigint
FROM usage_record
WHERE deployment_id = %s AND ts >= %s AND ts < %s AND role = 0
GROUP BY 1 ORDER BY 1
"""
# The keys of an hour are sorted by minute, then milliseconds: a minute is a slice of them.
LATENCIES = """
SELECT hour + m * interval '1 minute', key[s + ceil(0.5::float8 * (e - s))::int] & 33554431,
    key[s + ceil(0.95::float8 * (e - s))::int] & 33554431,
    key[s + ceil(0.99::float8 * (e - s))::int] & 33554431
FROM (
    SELECT hour, key || '{}'::int[] AS key FROM latency_minute
    WHERE deployment_id = %s AND hour >= %s AND hour < %s AND metric = %s OFFSET 0
) AS hours, generate_series(0, 59) AS m, LATERAL (
    SELECT width_bucket((m << 25) - 1, key) AS s, width_bucket((m + 1 << 25) - 1, key) AS e OFFSET 0
) AS slice
WHERE e > s
"""


@dataclass(frozen=True)
class Minute:
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
    if not resources_visible(viewer).filter(pk=resource.pk).exists():
        return []
    hour = start.replace(minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(LATENCIES, [resource.pk, hour, end, Metric.ANSWER.value])
        latencies = {row[0]: row[1:] for row in cursor.fetchall()}
        cursor.execute(COUNTS, [resource.pk, start, end])
        return [Minute(*row, *latencies.get(row[0], ())) for row in cursor.fetchall()]


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
