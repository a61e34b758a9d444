"""The check of the numbers: it passes on good ones and names each thing that is wrong."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from apps.usage import rollups, services
from apps.usage.models import DirtyHour, FillState, UsageRecord
from tests.usage.batches import deployment, events, send

pytestmark = pytest.mark.django_db
AT = timezone.now().replace(hour=12, minute=30, second=0, microsecond=0) - timedelta(days=1)


def check(*options):
    """Run the command; returns its lines, and its error ("" where there is none)."""
    out, error = io.StringIO(), ""
    try:
        call_command("check_usage", *options, stdout=out)
    except CommandError as refusal:
        error = str(refusal)
    return out.getvalue().splitlines(), error


def wrong(*options):
    """Return what is said to be wrong."""
    (compared, *lines), error = check(*options)
    assert compared.startswith("Compared ")
    things = "thing is" if len(lines) == 1 else "things are"
    assert error == f"{len(lines)}\u00a0{things} wrong."
    return lines


def change(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture
def kept(people):
    """Two priced calls, rolled up, and background work that has just run."""
    found = deployment(people)
    send(events(found, [AT, AT + timedelta(seconds=1)]))
    rollups.roll_all()
    services.make_ahead()
    services.close_days()
    services.drop_old_days()
    return found


def test_good_numbers_pass(kept):
    lines, error = check()
    assert error == ""
    assert lines[-1] == "Raw rows, minutes, hours and days agree; nothing is late."
    assert lines[0].startswith("Compared 9 days from ")  # yesterday, today, and seven ahead


NANO = 2 * (1000 * 1250 + 100 * 10_000)


@pytest.mark.parametrize("name", ["hour", "day"])
def test_a_changed_nano_in_a_rollup_is_found(kept, name):
    change(f"UPDATE usage_{name} SET list_cost_nano = list_cost_nano + 1")  # noqa: S608
    assert wrong() == [
        f"{AT:%Y-%m-%d}: list_cost_nano is {NANO} in raw rows and {NANO + 1} in {name}s "
        "for 1 of 1 keys"
    ]


def test_a_changed_nano_in_a_raw_row_is_found(kept):
    row = UsageRecord.objects.order_by("ts").first()
    UsageRecord.objects.filter(ts=row.ts).update(list_cost_nano=row.list_cost_nano - 1)
    assert wrong() == [
        f"{AT:%Y-%m-%d}: list_cost_nano is {NANO - 1} in raw rows and {NANO} in {one} "
        "for 1 of 1 keys"
        for one in ("hours", "days")
    ]


@pytest.mark.parametrize(
    "done",
    [
        "UPDATE usage_minute SET minutes = set_byte(minutes, 7, 3)",  # calls
        "UPDATE usage_minute SET minutes = minutes || minutes",
        "UPDATE usage_minute SET deployment_id = deployment_id + 1",
        "DELETE FROM usage_minute",
    ],
)
def test_a_minute_that_says_other_than_its_raw_rows_is_found(kept, done):
    change(done)
    hours = 2 if "deployment_id" in done else 1
    assert wrong() == [
        f"{AT:%Y-%m-%d}: minutes of {hours} of {hours} hours of deployments "
        "are not those of raw rows"
    ]


@pytest.mark.parametrize("table", ["latency_cell_hour", "latency_cell_day", "latency_hour"])
def test_a_call_that_is_in_no_sketch_is_found(kept, table):
    send(events(kept, [AT], latency_ms=100))
    rollups.roll_all()
    assert check()[1] == ""
    change(f"DELETE FROM {table}")  # noqa: S608
    assert wrong() == [f"{AT:%Y-%m-%d}: {table} has 0 of 1 answers and 0 of 0 first tokens"]


def test_a_day_that_waits_for_its_sketches_is_compared_all_the_same(kept):
    send(events(kept, [AT], latency_ms=100))
    rollups.roll_dirty(day_after=timedelta(0))
    assert check()[1] == ""
    change("UPDATE usage_day SET requests = 0")
    assert wrong() == [f"{AT:%Y-%m-%d}: requests is 3 in raw rows and 0 in days for 1 of 1 keys"]


def test_a_nano_moved_from_one_key_to_another_is_found(people, kept):
    """The sums of the day still agree; those of the two deployments do not."""
    send(events(deployment(people), [AT, AT]))
    rollups.roll_all()
    change(f"UPDATE usage_day SET requests = requests + 1 WHERE deployment_id = {kept.pk}")  # noqa: S608
    change(f"UPDATE usage_day SET requests = requests - 1 WHERE deployment_id <> {kept.pk}")  # noqa: S608
    assert wrong() == [f"{AT:%Y-%m-%d}: requests is 4 in raw rows and 4 in days for 2 of 2 keys"]


def test_a_lost_row_is_found_in_every_sum(kept):
    row = UsageRecord.objects.order_by("ts").first()
    UsageRecord.objects.filter(ts=row.ts).delete()
    said = wrong()
    for name in ("requests", "input_tokens", "output_tokens", "list_cost_nano"):
        assert sum(f": {name} is " in line for line in said) == 2


def test_only_the_days_that_are_asked_for_are_compared(kept):
    change("UPDATE usage_day SET list_cost_nano = 0")
    before = f"{AT - timedelta(days=1):%Y-%m-%d}"
    assert check("--from", before, "--to", before)[1] == ""
    day = f"{AT:%Y-%m-%d}"
    assert len(wrong("--from", day, "--to", day)) == 1


def test_a_missing_partition_is_found(kept):
    tomorrow = timezone.now() + timedelta(days=1)
    change(f"DROP TABLE usage_record_{tomorrow:%Y%m%d}")
    assert wrong() == [f"The partition usage_record_{tomorrow:%Y%m%d} is missing."]


@pytest.mark.parametrize("name", ["hours", "days", "sketches", "ahead", "closed", "dropped"])
def test_late_work_is_found(kept, name):
    FillState.objects.filter(name=name).update(at=timezone.now() - timedelta(hours=4))
    (said,) = wrong()
    assert said.startswith(f"“{name}” last ran through at ")
    FillState.objects.filter(name=name).delete()
    assert wrong() == [f"“{name}” has never run. Is the worker up?"]


def test_an_hour_that_waits_is_found(kept):
    send(events(kept, [AT]))
    assert check()[1] == ""
    waits = timezone.now() - timedelta(minutes=3)
    DirtyHour.objects.update(at=waits)
    assert f"Rows wait for their rollups since {waits:%Y-%m-%d %H:%M:%S} UTC." in check()[0]
    assert check()[1] != ""
    rollups.roll_all()
    assert check()[1] == ""


def test_a_day_whose_rows_just_came_is_named_not_called_wrong(kept):
    send(events(kept, [AT]))
    lines, error = check()
    assert error == ""
    assert lines[1] == f"Not compared, as rows of them wait for their rollups: {AT:%Y-%m-%d}."


def test_a_span_that_ends_before_it_begins_is_refused(kept):
    assert check("--from", "2026-12-01", "--to", "2026-11-01")[1] == (
        "The last day is before the first. A later --to would pass."
    )
