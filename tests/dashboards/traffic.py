"""Calls of two teams in two business units, for the pages of usage and cost."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import numpy as np
from django.utils import timezone

from apps.usage import rollups
from tests.usage.batches import deployment, events, send

HOUR = timedelta(hours=1)


def make(people: SimpleNamespace, now: datetime | None = None) -> SimpleNamespace:
    """Send ten days of calls: two deployments of alice's team, one of charlie's.

    One in ten is throttled; the second deployment's model has no price, its cache is unknown.
    """
    now = now or timezone.now()
    rng = np.random.default_rng(11)
    made = SimpleNamespace(
        triage=deployment(people, name="triage"),
        qa=deployment(people, workload="policy-qa", name="qa", model="no-such-model"),
        notes=deployment(people, workload="fraud-notes", name="notes"),
    )
    for resource, every, known in (
        (made.triage, 1, True),
        (made.qa, 4, False),
        (made.notes, 2, True),
    ):
        times = [now - n * HOUR for n in range(1, 240, every)]
        size = len(times)
        send(
            events(
                resource,
                times,
                input_tokens=rng.integers(1_000, 9_000, size),
                output_tokens=rng.integers(1, 900, size),
                cached_tokens=rng.integers(0, 999, size) if known else -1,
                status=np.where(rng.random(size) < 0.1, 429, 200),
            )
        )
    rollups.roll_all()
    return made
