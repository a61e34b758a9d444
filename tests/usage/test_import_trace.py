"""The trace that Azure published of real calls, imported once, twice, changed and in parts."""

from datetime import date, timedelta

import pytest
from django.db.models import Count, Max, Min, Sum

from apps.usage.models import IngestBatch, UsageRecord
from tests.usage.batches import deployment
from tests.usage.calls import DAY, run

pytestmark = [pytest.mark.django_db, pytest.mark.shared]
FIRST = date(2023, 11, 16)
SHIFT = f"--shift-days={(DAY - FIRST).days}"
TOTALS = {"calls": 19_366, "read": 22_361_870, "written": 4_088_665}


@pytest.fixture
def trace(shared):
    return shared / "data/traces/azure_llm_2023_conv.csv"


def totals():
    return UsageRecord.objects.aggregate(
        calls=Count("*"), read=Sum("input_tokens"), written=Sum("output_tokens")
    )


def take(path, *options):
    return run(path, "azure-llm-trace", SHIFT, *options).counts


@pytest.fixture
def copy(trace, tmp_path):
    """Make a copy of the trace whose lines were changed."""

    def make(change, name="copy.csv"):
        path = tmp_path / name
        head, *lines = trace.read_text().splitlines()
        path.write_text("\n".join([head, *change(lines)]) + "\n")
        return path

    return make


@pytest.fixture
def imported(people, trace, tmp_path):
    """Import the trace once; refused rows would be beside a link to it."""
    link = tmp_path / "trace.csv"
    link.symlink_to(trace)
    deployment(people, name="gpt-5-1")
    assert take(link) == [19_366, 19_366, 0, 0]
    assert totals() == TOTALS
    return link


def test_every_call_comes_in_with_its_time_and_no_more_than_it_says(imported):
    span = UsageRecord.objects.aggregate(first=Min("ts"), last=Max("ts"))
    assert f"{span['first']:%Y-%m-%d %H:%M:%S.%f}" == f"{DAY} 18:15:46.680590"
    assert f"{span['last']:%Y-%m-%d %H:%M:%S.%f}" == f"{DAY} 19:14:08.402527"
    assert (
        UsageRecord.objects.filter(status=200, error_kind=None, latency_ms=None).count() == 19_366
    )


def test_again_and_under_another_name_or_source_nothing_changes(imported, copy):
    batches = IngestBatch.objects.count()
    assert take(imported) == [19_366, 0, 19_366, 0]
    assert take(copy(lambda lines: lines, "renamed.csv")) == [19_366, 0, 19_366, 0]
    assert IngestBatch.objects.count() == batches
    assert take(imported, "--source=another") == [19_366, 0, 19_366, 0]
    assert totals() == TOTALS


def test_a_copy_with_one_changed_line_adds_one_row(imported, copy):
    def change(lines):
        time, read, written = lines[12_000].split(",")
        return [*lines[:12_000], f"{time},{read},{int(written) + 1}", *lines[12_001:]]

    assert take(copy(change)) == [19_366, 1, 19_365, 0]
    assert totals()["calls"] == 19_367


def test_another_order_and_another_split_add_nothing(imported, copy):
    assert take(copy(lambda lines: lines[::-1])) == [19_366, 0, 19_366, 0]
    assert take(copy(lambda lines: lines[:777])) == [777, 0, 777, 0]
    assert take(copy(lambda lines: lines[777:])) == [18_589, 0, 18_589, 0]
    assert totals() == TOTALS


def test_the_same_calls_of_another_day_are_other_calls(imported):
    other = f"--shift-days={(DAY - timedelta(days=1) - FIRST).days}"
    assert run(imported, "azure-llm-trace", other).counts == [19_366, 19_366, 0, 0]


def test_what_a_pair_is_not_named_for_is_refused(trace, tmp_path, people):
    link = tmp_path / "trace.csv"
    link.symlink_to(trace)
    said = run(link, "azure-llm-trace", SHIFT, workload="")
    assert "says neither who called nor what" in said.error
    assert run(link, "azure-llm-trace", workload="nobody").error.startswith(
        "There is no workload “nobody”."
    )
    assert not UsageRecord.objects.exists()
