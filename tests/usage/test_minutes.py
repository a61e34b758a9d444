"""The minutes of a deployment are what its raw rows say, whatever of them is rolled up by now."""

from datetime import timedelta

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from apps.kernel.errors import InvalidError
from apps.usage import rollups, services
from apps.usage import selectors as usage
from apps.usage.models import DirtyHour, UsageRecord
from tests.usage.batches import deployment, events, send
from tests.usage.traffic import DAY, pairs, traffic

pytestmark = pytest.mark.django_db
MINUTE, HOUR, WHOLE = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def mine(people):
    """A deployment without calls so far."""
    return deployment(people)


def plain(resource, start=DAY, end=DAY + WHOLE):
    """Count the minutes of [start, end) one by one, from the raw rows."""
    counted = UsageRecord.objects.filter(deployment_id=resource.pk, role=0)
    parted = {}
    for row in counted.filter(ts__gte=start, ts__lt=end).order_by("ts"):
        parted.setdefault(row.ts.replace(second=0, microsecond=0), []).append(row)
    return [(at, *told(rows)) for at, rows in parted.items()]


def told(rows):
    known = [row.latency_ms for row in rows if row.status < 400 and row.latency_ms is not None]
    return (
        len(rows),
        sum(row.status == 429 for row in rows),
        sum(row.input_tokens + row.output_tokens for row in rows),
        *(np.percentile(known, (50, 95, 99), method="inverted_cdf") if known else [None] * 3),
    )


def read(people, resource, start=DAY, end=DAY + WHOLE):
    return usage.minutes(people.petra, resource, start, end)


def agrees(people, resource, start=DAY, end=DAY + WHOLE):
    """Say how many minutes there are, all as the raw rows say."""
    found = read(people, resource, start, end)
    assert found == plain(resource, start, end)
    return len(found)


def test_nothing_has_no_minutes(people, mine):
    assert agrees(people, mine) == 0
    send(events(mine, [DAY - MINUTE, DAY + WHOLE]))
    assert agrees(people, mine) == 0
    rollups.roll_all()
    assert agrees(people, mine) == 0


def test_calls_count_at_once_and_stay_as_they_are_when_they_are_rolled_up(people, mine):
    """An hour that is under way, with refused calls, failed ones and such of no known latency."""
    now = timezone.now().replace(second=0, microsecond=0)
    start, end = now - 2 * HOUR, now + MINUTE
    send(events(mine, [now - 3 * MINUTE] * 2 + [now - MINUTE], latency_ms=[30, 10, 20]))
    send(events(mine, [now - MINUTE] * 2, status=[429, 500], latency_ms=5))
    send(events(mine, [now - 4 * MINUTE, now - 5 * MINUTE], status=[200, 429]))
    before = read(people, mine, start, end)
    assert agrees(people, mine, start, end) == 4
    assert [minute.p50 for minute in before] == [None, None, 10, 20]
    assert [minute.throttled for minute in before] == [1, 0, 0, 1]
    rollups.roll_all()
    assert read(people, mine, start, end) == before


def test_a_late_call_counts_before_its_hour_is_rolled_up_again(people, mine):
    """Hours before and after it are rolled up; it comes into one that is, and into a new one."""
    send(events(mine, [DAY + n * HOUR + MINUTE for n in range(4)], latency_ms=100))
    rollups.roll_all()
    assert agrees(people, mine) == 4
    send(events(mine, [DAY + HOUR + MINUTE, DAY + 2 * HOUR, DAY + 9 * HOUR], latency_ms=900))
    assert agrees(people, mine) == 6
    assert [minute.requests for minute in read(people, mine)] == [1, 2, 1, 1, 1, 1]
    rollups.roll_dirty()
    assert agrees(people, mine) == 6


def test_what_waits_of_one_deployment_hides_nothing_of_another(people, mine):
    other = deployment(people, workload="policy-qa")
    send(events(mine, [DAY, DAY + HOUR]))
    rollups.roll_all()
    send(events(other, [DAY + HOUR]))
    assert (agrees(people, mine), agrees(people, other)) == (2, 1)


def test_what_is_rolled_up_is_not_read_from_raw_rows(people, mine):
    send(events(mine, [DAY, DAY + HOUR, DAY + 2 * HOUR]))
    rollups.roll_all()
    before = read(people, mine)
    UsageRecord.objects.all().delete()
    assert read(people, mine) == before
    DirtyHour.objects.create(hour=DAY + HOUR)
    assert read(people, mine) == [before[0], before[2]]


def test_evidence_is_in_no_minute(people, mine):
    send(events(mine, [DAY]))
    send(events(mine, [DAY, DAY + MINUTE]), source="monitor")
    assert UsageRecord.objects.count() == 3
    assert agrees(people, mine) == 1
    rollups.roll_all()
    assert agrees(people, mine) == 1


def test_a_minute_may_have_more_tokens_than_four_bytes_count(people, mine):
    send(events(mine, [DAY] * 3, input_tokens=2_000_000_000, output_tokens=2_000_000_000))
    for _ in range(2):
        assert agrees(people, mine) == 1
        assert read(people, mine)[0].tokens == 12_000_000_000
        rollups.roll_all()


@pytest.mark.parametrize("rolled", [False, True])
def test_a_span_within_hours_has_just_its_minutes(people, mine, rolled):
    send(events(mine, [DAY + n * MINUTE for n in range(0, 180, 7)]))
    if rolled:
        rollups.roll_all()
    start, end = DAY + 35 * MINUTE, DAY + 119 * MINUTE
    assert agrees(people, mine, start, end) == 12
    found = read(people, mine, start, end)
    assert (found[0].at, found[-1].at) == (start, end - 7 * MINUTE)


def test_more_than_a_day_is_refused(people, mine):
    with pytest.raises(InvalidError, match="a day at most"):
        read(people, mine, DAY, DAY + WHOLE + MINUTE)


def test_minutes_outlive_their_raw_rows(people, mine, settings):
    send(events(mine, [DAY, DAY + HOUR]))
    rollups.roll_all()
    before = read(people, mine)
    settings.USAGE_RAW_DAYS = 1
    services.drop_old_days()
    assert not UsageRecord.objects.exists()
    assert read(people, mine) == before
    assert len(before) == 2


@pytest.mark.parametrize("seed", range(3))
def test_any_order_of_batches_and_passes_says_what_the_rows_say(people, seed):
    rng = np.random.default_rng(seed)
    called = pairs(people)
    shared = called[0][0]
    for batch in traffic(called, rng, 1500).batches(100):
        send(batch)
        if rng.random() < 0.4:
            rollups.roll_dirty()
        assert agrees(people, shared, DAY + WHOLE, DAY + 2 * WHOLE)
    rollups.roll_all()
    assert sum(agrees(people, shared, at, at + WHOLE) for at in (DAY, DAY + WHOLE)) > 200


def cells():
    with connection.cursor() as cursor:
        cursor.execute("SELECT hour, deployment_id, minutes FROM usage_minute ORDER BY 1, 2")
        return cursor.fetchall()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_migration_makes_the_cells_that_the_rollups_make(people):
    send(traffic(pairs(people), np.random.default_rng(1), 500))
    rollups.roll_all()
    before = cells()
    call_command("migrate", "usage", "0004", verbosity=0)
    call_command("migrate", "usage", verbosity=0)
    assert cells() == before
    assert len(before) > 100
