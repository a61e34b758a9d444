"""Rollups run by schedule, one at a time, and leave word of how late they were."""

import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from apps.kernel.errors import ConflictError
from apps.usage import rollups, selectors, services, tasks
from apps.usage.models import DirtyDay, DirtyHour, FillState, RawDay
from apps.usage.states import Grain
from tests.usage.batches import deployment, events, send


@pytest.fixture
def now():
    return timezone.now().replace(minute=30, second=0, microsecond=0) - timedelta(hours=2)


def hours():
    with connection.cursor() as cursor:
        cursor.execute("SELECT hour, requests FROM usage_hour ORDER BY hour")
        return [count for _, count in cursor.fetchall()]


@pytest.mark.django_db
def test_late_rows_reopen_their_hour_and_day(people, now):
    resource = deployment(people)
    send(events(resource, [now, now - timedelta(days=3)]))
    rollups.roll_all()
    send(events(resource, [now - timedelta(days=3)]))
    done = rollups.roll_all()
    assert (done.hours, done.days) == (1, 1)
    assert hours() == [2, 1]


@pytest.mark.django_db
def test_today_waits_a_moment_for_more_hours(people, now):
    send(events(deployment(people), [now]))
    assert rollups.roll_dirty().days == 0
    assert DirtyDay.objects.exists()
    assert rollups.roll_dirty(day_after=timedelta(0)).days == 1
    assert not DirtyDay.objects.exists()


@pytest.mark.django_db
def test_a_pass_says_how_long_rows_had_waited(people, now):
    send(events(deployment(people), [now]))
    DirtyHour.objects.update(at=timezone.now() - timedelta(seconds=90))
    rollups.roll_all()
    assert 90_000 <= FillState.objects.get(name="hours").lag_ms < 95_000
    rollups.roll_all()
    assert FillState.objects.get(name="hours").lag_ms == 0


def answers():
    """Count the answers in the sketches of hours and of days."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT sum(n) FROM latency_hour WHERE dim = 0 AND metric = 0), "
            "(SELECT sum(n) FROM latency_day WHERE dim = 0 AND metric = 0)"
        )
        return cursor.fetchone()


@pytest.mark.django_db
def test_sums_do_not_wait_for_sketches_and_each_says_until_when_it_is_true(people, now):
    send(events(deployment(people), [now], latency_ms=100))
    sent = timezone.now()
    rollups.roll_dirty(day_after=timedelta(0))
    assert (hours(), answers()) == ([1], (None, None))
    period = selectors.Period(now - timedelta(hours=1), timezone.now(), Grain.HOUR)
    complete = selectors.ask(people.petra, selectors.Question(period)).complete
    assert complete.latency <= sent < complete.sums
    assert rollups.roll_sketches().hours == 0, "not every second"
    done = rollups.roll_sketches(after=timedelta(0))
    assert (done.hours, done.days, answers()) == (1, 1, (1, 1))
    complete = selectors.ask(people.petra, selectors.Question(period)).complete
    assert sent < complete.latency
    assert not DirtyHour.objects.exists()


@pytest.mark.django_db
def test_a_call_between_the_sums_and_the_sketches_of_its_hour_waits_for_both(people, now):
    resource = deployment(people)
    send(events(resource, [now], latency_ms=100))
    rollups.roll_dirty(day_after=timedelta(0))
    send(events(resource, [now], latency_ms=200))
    rollups.roll_sketches(after=timedelta(0))
    assert DirtyHour.objects.get().summed is False
    rollups.roll_all()
    assert (hours(), answers()) == ([2], (2, 2))


@pytest.mark.django_db
def test_sketches_say_how_long_rows_had_waited(people, now):
    send(events(deployment(people), [now, now - timedelta(hours=1)], latency_ms=1))
    DirtyHour.objects.update(at=timezone.now() - timedelta(seconds=90))
    rollups.roll_dirty()
    assert DirtyHour.objects.filter(summed=True).count() == 2
    done = rollups.roll_sketches()
    assert done.hours == 2
    assert 90_000 <= done.lag_ms == FillState.objects.get(name="sketches").lag_ms < 95_000


@pytest.mark.django_db
def test_a_day_that_waits_for_its_sketches_cannot_be_frozen(people, now):
    send(events(deployment(people), [now], latency_ms=1))
    rollups.roll_dirty(day_after=timedelta(0))
    with pytest.raises(ConflictError, match="waits for its rollups"):
        services.freeze_day(now.date())
    rollups.roll_all()
    services.freeze_day(now.date())


@pytest.mark.django_db(transaction=True)
def test_one_tick_at_a_time(people, now):
    send(events(deployment(people), [now]))
    taken, free = threading.Event(), threading.Event()

    def hold():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(44, 0)")
            taken.set()
            free.wait(20)
            cursor.execute("SELECT pg_advisory_unlock(44, 0)")  # not whenever the server notices
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    taken.wait(20)
    try:
        assert rollups.roll_tick() is None
        assert hours() == []
    finally:
        free.set()
        other.join()
    tasks.roll()
    assert hours() == [1]
    assert rollups.roll_tick().hours == 0
    tasks.sketch()
    assert rollups.sketch_tick().days == 0


@pytest.mark.django_db
def test_the_days_are_kept_by_schedule(people, now, settings):
    resource = deployment(people)
    send(events(resource, [now - timedelta(days=20), now]))
    rollups.roll_all()
    settings.USAGE_RAW_DAYS = 10
    tasks.keep_days()
    today = timezone.now().date()
    ahead = RawDay.objects.filter(day__gt=today).count()
    assert ahead == services.days.DAYS_AHEAD
    assert RawDay.objects.get(day=(now - timedelta(days=20)).date()).dropped_at
    assert selectors.late() == []
    call_command("keep_usage_days")


@pytest.mark.django_db
def test_a_day_that_cannot_be_frozen_is_kept_and_the_others_go(people, now, settings):
    resource = deployment(people)
    bad, good = now - timedelta(days=21), now - timedelta(days=20)
    send(events(resource, [bad, good]))
    rollups.roll_all()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE usage_day SET requests = 7 WHERE day::date = %s", [bad.date()])
    settings.USAGE_RAW_DAYS = 10
    assert services.drop_old_days() == [good.date()]
    assert RawDay.objects.get(day=bad.date()).dropped_at is None


@pytest.mark.django_db
def test_the_days_are_on_time_though_rows_keep_coming(people, now):
    resource = deployment(people)
    send(events(resource, [now]))
    assert rollups.roll_dirty().days == 0
    assert FillState.objects.filter(name="days").exists()
    DirtyDay.objects.update(at=timezone.now() - timedelta(minutes=1))
    FillState.objects.filter(name="days").delete()
    assert rollups.roll_dirty().days == 1
    assert FillState.objects.filter(name="days").exists()


@pytest.mark.django_db
def test_a_waiting_day_knows_since_when_its_oldest_row_waits(people, now):
    send(events(deployment(people), [now]))
    at = timezone.now() - timedelta(seconds=3)
    DirtyHour.objects.update(at=at)
    rollups.roll_dirty()
    assert DirtyDay.objects.get().at == at


@pytest.mark.django_db(transaction=True)
def test_a_day_that_is_being_read_is_dropped_another_time(people, now, settings):
    resource = deployment(people)
    send(events(resource, [now - timedelta(days=20)]))
    rollups.roll_all()
    settings.USAGE_RAW_DAYS = 10
    reading, done = threading.Event(), threading.Event()

    def read():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM usage_record")
            reading.set()
            done.wait(20)
        connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    reading.wait(20)
    try:
        assert services.drop_old_days() == []
    finally:
        done.set()
        reader.join()
    assert services.drop_old_days() == [(now - timedelta(days=20)).date()]
