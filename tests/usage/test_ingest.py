"""A batch is stored once, attributed by the grant in force, priced, and its hours recomputed."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.kernel.errors import ConflictError
from apps.usage import rollups, selectors, services
from apps.usage.models import BillingSource, DirtyHour, IngestBatch, Quarantine, RawDay, UsageRecord
from tests.usage.batches import deployment, events, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now().replace(minute=30, second=0, microsecond=0) - timedelta(hours=2)


def total(table, column):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(sum({column}), 0) FROM {table}")  # noqa: S608
        return int(cursor.fetchone()[0])


def test_a_batch_is_stored_priced_and_rolled_up(people, now):
    resource = deployment(people)
    receipt = send(events(resource, [now, now + timedelta(seconds=1)], cached_tokens=[-1, 400]))
    assert (receipt.received, receipt.inserted, receipt.duplicate) == (2, 2, 0)
    one, other = UsageRecord.objects.order_by("ts")
    assert one.list_cost_nano == 1000 * 1250 + 100 * 10_000
    assert other.list_cost_nano == 600 * 1250 + 400 * 125 + 100 * 10_000
    assert (one.cached_tokens, other.cached_tokens) == (None, 400)
    assert (one.team_id, one.bu_id) == (resource.team_id, resource.team.business_unit_id)
    rollups.roll_all()
    assert not DirtyHour.objects.exists()
    for table in ("usage_hour", "usage_day"):
        assert total(table, "requests") == 2
        assert total(table, "list_cost_nano") == one.list_cost_nano + other.list_cost_nano
        assert total(table, "cached_known") == 1
    assert selectors.differences(*selectors.span()) == []


def test_the_same_batch_again_changes_nothing(people, now):
    found = events(deployment(people), [now])
    first = send(found, key="k")
    again = send(found, key="k")
    assert again.replayed
    assert (again.batch_id, again.inserted) == (first.batch_id, 1)
    assert UsageRecord.objects.count() == 1


def test_the_same_key_with_other_content_is_a_conflict(people, now):
    resource = deployment(people)
    send(events(resource, [now]), key="k")
    with pytest.raises(ConflictError, match="other content"):
        send(events(resource, [now]), key="k")
    assert UsageRecord.objects.count() == 1


def test_rows_that_are_there_already_are_duplicates_under_any_key_and_source(people, now):
    resource = deployment(people)
    ids = [bytes([n]) * 16 for n in range(1, 4)]
    times = [now + timedelta(seconds=n) for n in range(3)]
    send(events(resource, times[:2], ids=ids[:2]))
    receipt = send(events(resource, times, ids=ids))
    assert (receipt.inserted, receipt.duplicate) == (1, 2)
    elsewhere = send(events(resource, times, ids=ids), source="files")
    assert (elsewhere.inserted, elsewhere.duplicate, elsewhere.evidence) == (0, 3, 0)
    assert UsageRecord.objects.count() == 3


def test_a_row_twice_in_one_batch_counts_once(people, now):
    receipt = send(events(deployment(people), [now, now], ids=[b"x" * 16, b"x" * 16]))
    assert (receipt.received, receipt.inserted, receipt.duplicate) == (2, 1, 1)


def test_what_a_second_source_says_is_evidence_and_in_no_total(people, now):
    resource = deployment(people)
    send(events(resource, [now]))
    receipt = send(events(resource, [now, now]), source="monitor")
    assert (receipt.inserted, receipt.evidence) == (2, 2)
    rollups.roll_all()
    assert total("usage_hour", "requests") == 1
    assert BillingSource.objects.get().source.slug == "gateway"


def test_what_the_billing_source_says_counts_even_if_another_source_said_it_first(people, now):
    resource, ids = deployment(people), [b"e" * 16]
    send(events(resource, [now]))
    send(events(resource, [now], ids=ids, input_tokens=7), source="monitor")
    receipt = send(events(resource, [now], ids=ids, input_tokens=9))
    assert (receipt.inserted, receipt.duplicate, receipt.evidence) == (1, 0, 0)
    again = send(events(resource, [now], ids=ids, input_tokens=7), source="monitor")
    assert (again.inserted, again.duplicate) == (0, 1)
    rollups.roll_all()
    assert UsageRecord.objects.count() == 2
    for table in ("usage_hour", "usage_day"):
        assert (total(table, "requests"), total(table, "input_tokens")) == (2, 1009)
    assert selectors.differences(*selectors.span()) == []


def test_a_source_all_of_whose_rows_are_refused_bills_nothing(people, now):
    resource = deployment(people, days=1)
    early = send(events(resource, [now - timedelta(days=3)]), source="files")
    assert (early.inserted, len(early.refused)) == (0, 1)
    receipt = send(events(resource, [now]))
    assert (receipt.inserted, receipt.evidence) == (1, 0)
    assert BillingSource.objects.get().source.slug == "gateway"


def test_rows_without_a_grant_are_refused_and_pass_once_there_is_one(people, now):
    resource = deployment(people, days=1)
    early = now - timedelta(days=3)
    found = events(resource, [early, now])
    receipt = send(found, key="k")
    assert (receipt.received, receipt.inserted) == (2, 1)
    (refused,) = receipt.refused
    assert refused.line == 1
    assert refused.reason == (
        f"No grant let this workload use this deployment at {early:%Y-%m-%d %H:%M:%S} UTC. "
        "Import with --adopt to make one."
    )
    held = resource.grants.get()
    held.from_at = early
    held.save()
    again = send(found, key="k")
    assert (again.inserted, again.duplicate, len(again.refused)) == (1, 1, 0)
    batch = IngestBatch.objects.get()
    assert (batch.received, batch.inserted, batch.duplicate, batch.refused) == (2, 2, 0, 0)
    assert send(found, key="k").replayed


@pytest.mark.parametrize(
    ("shift", "said"),
    [(timedelta(days=1), "is in the future"), (timedelta(days=-500), "is before the 400 days")],
)
def test_rows_out_of_time_are_refused(people, now, shift, said):
    receipt = send(events(deployment(people, days=600), [now + shift, now]))
    assert receipt.inserted == 1
    assert said in receipt.refused[0].reason


def test_a_model_without_a_price_is_unpriced_never_free(people, now):
    send(events(deployment(people, model="no-such-model"), [now]))
    row = UsageRecord.objects.get()
    assert (row.list_cost_nano, row.price_set_id) == (None, None)
    rollups.roll_all()
    assert total("usage_day", "unpriced") == 1


def test_a_class_without_a_price_makes_the_call_unpriced(people, now):
    send(events(deployment(people), [now], audio_in_tokens=10))
    assert UsageRecord.objects.get().list_cost_nano is None


def test_a_frozen_day_takes_no_row(people, now):
    resource = deployment(people)
    day = now - timedelta(days=10)
    send(events(resource, [day]))
    with pytest.raises(ConflictError, match="waits for its rollups"):
        services.freeze_day(day.date())
    rollups.roll_all()
    services.freeze_day(day.date())
    late = events(resource, [day + timedelta(minutes=1), now])
    receipt = send(late, key="late")
    assert (receipt.inserted, len(receipt.refused)) == (1, 1)
    assert "closed for good" in receipt.refused[0].reason
    assert Quarantine.objects.get().row["input_tokens"] == 1000
    assert send(late, key="late").inserted == 0
    assert Quarantine.objects.count() == 1


def test_a_day_whose_rollups_differ_is_not_frozen(people, now):
    resource = deployment(people)
    send(events(resource, [now]))
    rollups.roll_all()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE usage_hour SET output_tokens = output_tokens + 1")
    with pytest.raises(ConflictError, match="output_tokens is 100 in raw rows and 101 in hours"):
        services.freeze_day(now.date())


def test_old_raw_days_are_dropped_and_rollups_stay(people, now, settings):
    resource = deployment(people)
    send(events(resource, [now - timedelta(days=20), now]))
    rollups.roll_all()
    settings.USAGE_RAW_DAYS = 15
    assert services.drop_old_days() == [(now - timedelta(days=20)).date()]
    assert UsageRecord.objects.count() == 1
    assert total("usage_day", "requests") == 2
    assert RawDay.objects.get(day=(now - timedelta(days=20)).date()).dropped_at
    assert selectors.differences(*selectors.span()) == []


def test_days_that_are_over_get_their_read_indexes(people, now):
    send(events(deployment(people), [now - timedelta(days=2), now]))
    assert services.close_days() == [(now - timedelta(days=2)).date()]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_indexes WHERE tablename = %s",
            [f"usage_record_{now - timedelta(days=2):%Y%m%d}"],
        )
        assert cursor.fetchone()[0] == 4


def test_a_call_that_spilled_over_is_unpriced_and_one_that_did_not_is_free(people, now):
    resource = deployment(people, sku="GlobalProvisionedManaged")
    send(events(resource, [now, now + timedelta(seconds=1)], spillover=[0, 1]))
    one, other = UsageRecord.objects.order_by("ts")
    assert (one.list_cost_nano, other.list_cost_nano) == (0, None)


def test_the_digest_is_asked_again_where_somebody_was_faster(people, now, monkeypatch):
    """Between the first look and the ledger another sender took the key for other rows."""
    resource = deployment(people, days=1)
    early = now - timedelta(days=3)
    send(events(resource, [early, now]), key="k")
    looks = iter([None])
    seen = services.ingest._done
    monkeypatch.setattr(services.ingest, "_done", lambda *a: next(looks, False) or seen(*a))
    with pytest.raises(ConflictError, match="other content"):
        send(events(resource, [now + timedelta(seconds=1)]), key="k")
    assert UsageRecord.objects.count() == 1


def test_what_is_put_aside_keeps_every_column_and_unknown_as_null(people, now):
    resource = deployment(people)
    services.ensure_days([now.date()])
    services.freeze_day(now.date())
    send(events(resource, [now], status=429, error_kind=1, cached_tokens=5))
    row = Quarantine.objects.get().row
    assert (row["error_kind"], row["cached_tokens"], row["latency_ms"]) == (1, 5, None)
    assert row["deployment_id"] == resource.pk
