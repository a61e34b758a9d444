"""The state of ingest: what waits, what came, what is late, and who may see it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.usage import rollups, selectors, services
from apps.usage.models import DirtyHour, FillState, RawDay
from apps.usage.selectors.health import LATE, health
from tests.requests.asks import plain
from tests.usage.batches import deployment, events, send

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def all_run():
    """Let every piece of background work run through now."""
    rollups.roll_all()
    services.make_ahead()
    services.close_days()
    services.drop_old_days()


def page(client, url="/usage/ingest/"):
    return plain(client.get(url).content.decode())


def test_before_anything_ran_it_says_so_of_each_piece_of_work():
    found = health()
    assert [one for one in found.late if "has never run" in one] == [
        f"“{name}” has never run. Is the worker up?" for name in LATE
    ]
    assert found.days_ahead == found.rows == found.waiting_hours == 0
    assert found.waiting_since is None


def test_nothing_is_late_when_all_ran(people):
    now = timezone.now()
    send(events(deployment(people), [now - HOUR, now]))
    all_run()
    found = health()
    assert list(found.late) == []
    assert selectors.late() == []
    assert (found.waiting_since, found.waiting_hours) == (None, 0)
    assert found.days_ahead == 7
    assert {one.name for one in found.work if one.at} == set(LATE)


def test_rows_count_per_source_and_refused_ones_too(people):
    now = timezone.now().replace(microsecond=0)
    own = deployment(people, days=10)
    send(events(own, [now - HOUR, now - 2 * HOUR, now - timedelta(days=20)]))
    send(events(own, [now - 3 * HOUR]), source="files")
    (files, gateway) = health().sources
    assert (files.slug, files.rows, files.refused) == ("files", 1, 0)
    assert (gateway.slug, gateway.rows, gateway.refused) == ("gateway", 2, 1)
    assert files.last_row_at == now - 3 * HOUR
    assert gateway.last_batch_at >= now


def test_a_batch_of_the_day_before_is_not_in_the_last_24_hours(people):
    send(events(deployment(people), [timezone.now() - HOUR]))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE usage_ingestbatch SET received_at = now() - interval '25 hours'")
    assert health().rows == 0


def test_what_waits_is_lag_and_after_two_minutes_it_is_late(people):
    now = timezone.now()
    send(events(deployment(people), [now, now - HOUR]))
    assert health().waiting_hours == 2
    all_run()
    send(events(deployment(people), [now]))
    DirtyHour.objects.update(at=now - timedelta(minutes=3))
    found = health()
    assert found.lag >= timedelta(minutes=3)
    (said,) = found.late
    assert said.startswith("Rows wait for their rollups since")


@pytest.mark.parametrize("name", LATE)
def test_work_that_ran_too_long_ago_is_late(name):
    all_run()
    FillState.objects.filter(name=name).update(at=timezone.now() - LATE[name] - HOUR)
    (said,) = health().late
    assert said.startswith(f"“{name}” last ran through at")


@pytest.mark.parametrize("table", ["usage_record_{:%Y%m%d}", "latency_day_{:%Y%m}"])
def test_a_partition_that_is_gone_is_missed(table):
    all_run()
    name = table.format(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {name}")
    assert health().late == [f"The partition {name} is missing."]


def test_a_dropped_day_needs_no_partition():
    all_run()
    old = timezone.now().date() - timedelta(days=200)
    RawDay.objects.create(day=old, frozen_at=timezone.now(), dropped_at=timezone.now())
    assert health().late == []


def test_one_query(people, django_assert_num_queries):
    assert people.petra.held
    with django_assert_num_queries(1):
        selectors.health_for(people.petra)


@pytest.mark.parametrize("who", ["alice", "jonas", "sami", "fiona", "audra"])
def test_only_the_platform_admin_sees_it(people, who):
    send(events(deployment(people), [timezone.now()]))
    person = getattr(people, who)
    assert selectors.health_for(person) is None
    assert selectors.batches_page(person, "").rows == []


def test_the_page_says_what_to_do_only_when_something_is_late(people, client_of):
    petra = client_of(people.petra)
    told = page(petra)
    assert "Ingest is late: 9 things to look at" in told
    assert "“hours” has never run. Is the worker up?" in told
    assert "What to do" in told
    all_run()
    told = page(petra)
    assert "Every row that came in is in the totals" in told
    assert "What to do" not in told
    send(events(deployment(people), [timezone.now()]))
    assert "1 hour to be added up" in page(petra)


def test_the_page_lists_batches_newest_first_and_turns_pages(people, client_of):
    own, now = deployment(people), timezone.now()
    calls = events(own, [now])
    for number in range(27):
        send(calls, key=f"gateway-1/{number:03}")
    petra = client_of(people.petra)
    told = page(petra)
    keys = [f"gateway-1/{number:03}" for number in range(26, 1, -1)]
    assert [key for key in keys if key in told] == keys
    assert "gateway-1/001" not in told
    older = petra.get("/usage/ingest/").context["page"].older
    told = page(petra, f"/usage/ingest/?cursor={older}")
    assert "gateway-1/001" in told
    assert "gateway-1/000" in told
    assert "gateway-1/002" not in told


def test_a_bent_page_link_is_refused_with_a_sentence(people, client_of):
    response = client_of(people.petra).get("/usage/ingest/?cursor=bent")
    assert response.status_code == 400
    assert "This page link is broken" in response.content.decode()
