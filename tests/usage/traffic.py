"""Seeded traffic of several deployments, and its plain sum in Python integers."""

from collections import defaultdict
from datetime import UTC, datetime, time, timedelta

import numpy as np
from django.db import connection
from django.utils import timezone

from apps.kernel.money import tokens_cost_nano
from apps.teams.models import Workload
from apps.usage.protocols import UNKNOWN, Events
from tests.usage.batches import EPOCH, deployment, events, grant

DAY = datetime.combine(timezone.now().date(), time(), UTC) - timedelta(days=4)
READ = {
    "raw": (
        "SELECT deployment_id, date_bin('1 hour', ts, '2000-01-01 00:00+00'), count(*), "
        "sum(input_tokens), sum(output_tokens), coalesce(sum(cached_tokens), 0), "
        "sum(list_cost_nano)::bigint FROM usage_record GROUP BY 1, 2"
    ),
    "hours": (
        "SELECT deployment_id, hour, sum(requests), sum(input_tokens), sum(output_tokens), "
        "sum(cached_tokens), sum(list_cost_nano)::bigint FROM usage_hour GROUP BY 1, 2"
    ),
    "days": (
        "SELECT deployment_id, day, sum(requests), sum(input_tokens), sum(output_tokens), "
        "sum(cached_tokens), sum(list_cost_nano)::bigint FROM usage_day GROUP BY 1, 2"
    ),
}


def pairs(people):
    """Build three deployments that four pairs of workload and deployment call."""
    one, two = deployment(people), deployment(people, workload="policy-qa")
    three = deployment(people, workload="fraud-notes", model="gpt-5-mini", region="eastus2")
    guest = Workload.objects.get(slug="fraud-notes")
    grant(one, guest)
    used = [(resource, resource.workload) for resource in (one, two, three)]
    return [*used, (one, guest)]


def traffic(called, rng, size, *, first=DAY, seconds=3 * 86_400) -> Events:
    """Make calls over three days; counts and latencies are missing here and there."""
    who = rng.integers(0, len(called), size)
    at = rng.integers(0, seconds, size)  # many calls at the same second
    tokens = rng.integers(0, 5_000, size)
    latency = np.maximum(np.exp(rng.normal(7, 1.5, size)).astype(int), 0)

    def known(values, share):
        return np.where(rng.random(size) < share, values, UNKNOWN)

    return events(
        called[0][0],
        [first + timedelta(seconds=int(second)) for second in at],
        ids=[rng.bytes(16) for _ in range(size)],
        workload_id=np.array([workload.pk for _, workload in called])[who],
        deployment_id=np.array([resource.pk for resource, _ in called])[who],
        status=np.where(rng.random(size) < 0.1, 429, 200),
        input_tokens=tokens,
        output_tokens=rng.integers(0, 2_000, size),
        cached_tokens=known(tokens // 3, 0.5),
        reasoning_tokens=known(rng.integers(0, 50, size), 0.3),
        latency_ms=known(latency, 0.9),
        ttft_ms=known(latency // 4, 0.5),
    )


PRICES = {"gpt-5.1": (1_250_000_000, 125_000_000, 10_000_000_000)}
PRICES["gpt-5-mini"] = (250_000_000, 25_000_000, 2_000_000_000)


def plain_sum(called, found: Events):
    """Add up by (deployment, hour) and (deployment, day): calls, tokens in, out, cached, nano."""
    models = {resource.pk: resource.facts["model"] for resource, _ in called}
    hours = defaultdict[tuple[int, datetime], list[int]](lambda: [0] * 5)
    days = defaultdict[tuple[int, datetime], list[int]](lambda: [0] * 5)
    for row in range(len(found)):
        deployed = int(found.deployment_id[row])
        at = EPOCH + timedelta(microseconds=int(found.ts_us[row]))
        read, written = int(found.input_tokens[row]), int(found.output_tokens[row])
        cached = max(int(found.cached_tokens[row]), 0)
        units = zip((read - cached, cached, written), PRICES[models[deployed]], strict=True)
        cost = sum(tokens_cost_nano(tokens, price) for tokens, price in units)
        hour = at.replace(minute=0, second=0)
        for sums, key in ((hours, hour), (days, hour.replace(hour=0))):
            added = zip(sums[deployed, key], (1, read, written, cached, cost), strict=True)
            sums[deployed, key] = [one + more for one, more in added]
    plain = [{key: tuple(sums) for key, sums in one.items()} for one in (hours, days)]
    return {"raw": plain[0], "hours": plain[0], "days": plain[1]}


def stored():
    """Read the same sums from raw rows, hours and days."""
    found = {}
    with connection.cursor() as cursor:
        for name, sql in READ.items():
            cursor.execute(sql)
            found[name] = {tuple(row[:2]): tuple(row[2:]) for row in cursor.fetchall()}
    return found
