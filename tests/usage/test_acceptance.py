"""An afternoon of real traffic: the same to the token and the nano wherever it is asked.

Azure's public trace of a conversation service (AzurePublicDataset, 2023), moved to November 2026.
"""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from apps.access.models import Grant
from apps.usage import selectors
from apps.usage.models import UsageRecord
from apps.usage.states import Dimension
from tests.usage.batches import deployment
from tests.usage.calls import run

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 11, 16, tzinfo=UTC)
REQUESTS, INPUT, OUTPUT, NANO = 19_366, 22_361_870, 4_088_665, 68_838_987_500
COST = "68.838987500"
NAMES = ("requests", "input_tokens", "output_tokens", "list_cost")
FIRST = "2023-11-16 18:15:46.6805900,374,44"
RAW = """
SELECT count(*), sum(input_tokens), sum(output_tokens),
    sum(input_tokens * 1250 + output_tokens * 10000)::bigint, sum(list_cost_nano)::bigint,
    count(latency_ms) + count(ttft_ms)
FROM usage_record
"""
BUSIEST = """
SELECT to_char(ts AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), count(*),
    sum(input_tokens + output_tokens)
FROM usage_record GROUP BY 1 ORDER BY 2 DESC LIMIT 1
"""
SUMS = "SELECT sum({}), sum(input_tokens), sum(output_tokens), sum(list_cost_nano) FROM {}"


@pytest.fixture
def trace(shared, tmp_path):
    """A copy, which may be changed and has its refused rows beside it."""
    copy = tmp_path / "conv.csv"
    copy.write_bytes((shared / "data/traces/azure_llm_2023_conv.csv").read_bytes())
    return copy


@pytest.fixture
def resource(people, settings):
    settings.USAGE_RAW_DAYS = max(400, (timezone.now() - DAY).days + 1)  # the day stays the same
    return deployment(people, name="gpt-5-1", days=(timezone.now() - DAY).days + 2)


def imported(path, *options):
    return run(path, "azure-llm-trace", "--shift-days=1096", *options)


def row(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()


def everywhere():
    """Sum raw rows, hours and days with SQL of our own."""
    raw = row(RAW)
    rolled = [row(SUMS.format("requests", table)) for table in ("usage_hour", "usage_day")]
    return raw[:4], *rolled, (*raw[:3], raw[4])


def test_raw_rows_hours_and_days_are_exact(trace, resource):
    said = imported(trace)
    assert (said.counts, said.error) == ([REQUESTS, REQUESTS, 0, 0], "")
    assert set(everywhere()) == {(REQUESTS, INPUT, OUTPUT, NANO)}
    assert row(RAW)[5] == 0  # the trace knows no latency
    assert row(BUSIEST) == ("2026-11-16 18:43", 502, 780_667)
    assert selectors.differences(*selectors.span()) == []


def test_the_same_traffic_again_changes_nothing(trace, resource):
    imported(trace)
    before = everywhere()
    renamed = trace.rename(trace.with_name("other.csv"))
    for options in ((), ("--source=gateway",)):
        assert imported(renamed, *options).counts == [REQUESTS, 0, REQUESTS, 0]
        assert everywhere() == before


def test_one_changed_line_adds_one_row(trace, resource):
    imported(trace)
    text = trace.read_text()
    assert text.count(FIRST) == 1
    trace.write_text(text.replace(FIRST, FIRST.replace(",44", ",45")))
    assert imported(trace).counts == [REQUESTS, 1, REQUESTS - 1, 0]
    more = (REQUESTS + 1, INPUT + 374, OUTPUT + 45, NANO + 374 * 1250 + 45 * 10_000)
    assert set(everywhere()) == {more}


def test_without_a_grant_all_is_refused_unless_adopted(trace, resource):
    Grant.objects.all().delete()
    said = imported(trace)
    assert said.counts == [REQUESTS, 0, 0, REQUESTS]
    assert said.error.startswith("19\u00a0366\u00a0rows were refused: see ")
    assert {reason.partition(" at ")[0] for _, reason, _ in said.refused} == {
        "No grant let this workload use this deployment"
    }
    assert not UsageRecord.objects.exists()
    assert imported(trace, "--adopt").counts == [REQUESTS, REQUESTS, 0, 0]
    assert set(everywhere()) == {(REQUESTS, INPUT, OUTPUT, NANO)}
    grant = Grant.objects.get()
    assert grant.from_at.isoformat() == "2026-11-16T18:15:46.680590+00:00"


def test_the_command_says_the_same(trace, resource):
    imported(trace)
    for by in Dimension.values:
        out = io.StringIO()
        span = ("--from=2026-11-16", "--to=2026-11-17")
        call_command("usage_summary", *span, f"--group-by={by}", "--json", stdout=out)
        said = json.loads(out.getvalue())
        for one in (*said["rows"], said["total"]):
            assert [one[name] for name in NAMES] == [REQUESTS, INPUT, OUTPUT, COST]
        assert (len(said["rows"]), said["currency"]) == (1, "USD")


def test_the_minutes_of_the_deployment_are_exact(people, trace, resource):
    imported(trace)
    found = selectors.minutes(people.alice, resource, DAY, DAY + timedelta(days=1))
    assert sum(one.requests for one in found) == REQUESTS
    assert sum(one.tokens for one in found) == INPUT + OUTPUT
    busiest = max(found, key=lambda one: one.requests)
    assert (f"{busiest.at:%H:%M}", busiest.requests, busiest.tokens) == ("18:43", 502, 780_667)
    assert (busiest.p50, busiest.p99) == (None, None)
