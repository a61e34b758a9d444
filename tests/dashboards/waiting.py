"""Calls with latencies for tests: two deployments of alice's team, one of charlie's."""

from datetime import timedelta

import numpy as np
from django.utils import timezone

from apps.usage import rollups
from apps.usage.protocols import UNKNOWN
from tests.usage.batches import deployment, events, send

MINUTE = timedelta(minutes=1)
FACTS = {
    "account": "aoai-1",
    "endpoint": "https://aoai-1.openai.azure.com/",
    "content_filter": "Microsoft.DefaultV2",
    "upgrade": "OnceCurrentVersionExpired",
}


def built(people, **facts):
    """Build a deployment with all the facts that its page shows."""
    return deployment(people, **(FACTS | facts))


def seed(people, *, calls=300, latency=True, days=6):
    """Send seeded calls of the last days, and roll them up; returns (mine, other, foreign)."""
    rng = np.random.default_rng(7)
    mine = built(people, name="claims-triage-prod")
    other = deployment(people, workload="policy-qa", name="policy-qa-prod")
    foreign = deployment(people, workload="fraud-notes", name="fraud-notes-prod")
    now = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=5)
    for resource, share in ((mine, 1.0), (other, 0.4), (foreign, 0.2)):
        size = int(calls * share)
        back = rng.integers(0, days * 86_400_000, size)
        times = [now - timedelta(milliseconds=int(ms)) for ms in back]
        ms = np.maximum(rng.lognormal(7.2, 0.6, size).astype(int), 1)
        send(
            events(
                resource,
                times,
                latency_ms=ms if latency else UNKNOWN,
                ttft_ms=ms // 3 if latency else UNKNOWN,
                status=np.where(rng.random(size) < 0.05, 429, 200),
                input_tokens=rng.integers(100, 5000, size),
                output_tokens=rng.integers(10, 500, size),
                cached_tokens=50,
            )
        )
    rollups.roll_all()
    return mine, other, foreign


def evening():
    """Return 18:00 UTC of the day before yesterday."""
    return (timezone.now() - timedelta(days=2)).replace(hour=18, minute=0, second=0, microsecond=0)


def busy(resource, hour, *, above=15, peak=780_667):
    """Send one call a minute: `above` of them over 500 K tokens, the highest at minute 43."""
    tokens = [499_000] * 60
    for minute in range(29, 29 + above):
        tokens[minute] = 500_001
    if above:
        tokens[43] = peak
    times = [hour + n * MINUTE for n in range(60)]
    send(events(resource, times, input_tokens=[n - 100 for n in tokens], latency_ms=900))
    rollups.roll_all()
