"""A call belongs to the slice of its pair that held at its time, however many slices there are."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from apps.teams.models import Workload
from apps.usage.protocols import UNKNOWN
from apps.usage.services.attribution import in_force, micros
from tests.usage.batches import deployment, events, grant

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def held(grants, workload, resource, at_us):
    """Look for the slice one by one."""
    for row in range(len(grants)):
        pair = grants.workload_id[row], grants.resource_id[row]
        if pair == (workload, resource) and grants.from_us[row] <= at_us < grants.to_us[row]:
            return row
    return UNKNOWN


@pytest.mark.parametrize("seed", range(5))
def test_each_call_finds_its_slice(people, seed):
    """Pairs with none, one and up to five slices, with and without gaps, the last one open or not.

    Calls come at any time, and at the very edges.
    """
    rng = np.random.default_rng(seed)
    start = timezone.now().replace(minute=0, second=0, microsecond=0) - 90 * HOUR
    pairs, edges = [], [start]
    for slug in ("claims-triage", "policy-qa", "fraud-notes"):
        for _ in range(2):
            resource, workload = deployment(people), Workload.objects.get(slug=slug)
            resource.grants.all().delete()
            pairs.append((workload.pk, resource.pk))
            cuts = [start + int(n) * HOUR for n in np.sort(rng.choice(80, 10, replace=False))]
            edges += cuts
            for n in range(int(rng.integers(0, 6))):
                together = n and rng.random() < 0.5
                begin = cuts[2 * n - 1] if together else cuts[2 * n]
                until = None if n == 4 and rng.random() < 0.5 else cuts[2 * n + 1]
                grant(resource, workload, from_at=begin, to_at=until)
    size = 400
    at = [
        edges[n] + int(shift) * HOUR / 2
        for n, shift in zip(
            rng.integers(0, len(edges), size), rng.integers(-2, 3, size), strict=True
        )
    ]
    who = np.array(pairs)[rng.integers(0, len(pairs), size)]
    found = events(resource, at, workload_id=who[:, 0], deployment_id=who[:, 1])
    grants, position = in_force(found)
    assert position.tolist() == [
        held(grants, *pair, micros(moment)) for pair, moment in zip(who.tolist(), at, strict=True)
    ]
    assert (position == UNKNOWN).any()
    assert (position != UNKNOWN).any()


def test_calls_of_pairs_without_any_grant_have_no_slice(people):
    resource = deployment(people)
    resource.grants.all().delete()
    grants, position = in_force(events(resource, [timezone.now()] * 2))
    assert (len(grants), position.tolist()) == (0, [UNKNOWN] * 2)
