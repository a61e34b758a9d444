"""An afternoon of real traffic: the same to the token and the nano wherever it is asked.

Azure's public trace of a conversation service (AzurePublicDataset, 2023), moved to November 2026.
"""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from apps.access.models import Grant
from apps.usage import selectors
from apps.usage.models import UsageRecord
from apps.usage.states import Dimension
from tests.provisioning.test_pages import FACTS
from tests.usage.batches import deployment
from tests.usage.calls import run

pytestmark = [pytest.mark.django_db, pytest.mark.shared]
DAY = datetime(2026, 11, 16, tzinfo=UTC)
HOUR = DAY + timedelta(hours=18)
ON = "from=2026-11-16&to=2026-11-16"
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
ABOVE = """
SELECT date_bin('1 minute', ts, '2000-01-01 00:00+00') FROM usage_record
WHERE ts >= %s AND ts < %s GROUP BY 1 HAVING sum(input_tokens + output_tokens) > 500000
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
    return deployment(
        people, name="gpt-5-1", days=(timezone.now() - DAY).days + 2, **FACTS, deployment="gpt-5-1"
    )


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


def read(response):
    return list(csv.DictReader(io.StringIO(b"".join(response).decode())))


@pytest.mark.parametrize("page", ["usage", "cost"])
def test_pages_and_their_files_say_the_same(people, client_of, trace, resource, page):
    imported(trace)
    client = client_of(people.alice)
    response = client.get(f"/{page}/?{ON}")
    total = response.context["answer"].total
    said = (total.requests, total.input_tokens, total.output_tokens, total.list_cost_nano)
    assert said == (REQUESTS, INPUT, OUTPUT, NANO)
    assert "68.84" in response.content.decode()
    (one,) = read(client.get(f"/{page}/?{ON}&format=csv"))
    assert [one[name] for name in NAMES] == [str(REQUESTS), str(INPUT), str(OUTPUT), COST]
    assert one["cached_tokens"] == ""


def test_the_explorer_has_every_call(people, client_of, trace, resource):
    imported(trace)
    client = client_of(people.alice)
    calls = read(client.get(f"/calls/?{ON}&format=csv"))
    assert len(calls) == REQUESTS
    assert sum(int(call["input tokens"]) for call in calls) == INPUT
    assert sum(Decimal(call["list cost, USD"]) for call in calls) == Decimal(COST)
    assert {call["latency ms"] for call in calls} == {""}
    shown = client.get(f"/calls/?{ON}").content.decode()
    assert set(re.findall(r'data-l="Answer">([^<]*)<', shown)) == {"–"}


def test_the_api_says_the_same(people, client_of, trace, resource):
    imported(trace)
    for by in ("", *(f"&by={one}" for one in Dimension.values)):
        asked = f"/api/usage/?{ON}&series=1&percentiles=1{by}"
        agrees(client_of(people.alice).get(asked).json())
        (one,) = read(client_of(people.alice).get(f"{asked.replace('series=1&', '')}&format=csv"))
        assert [one[name] for name in NAMES] == [str(REQUESTS), str(INPUT), str(OUTPUT), COST]


def agrees(said):
    """Check an answer of the API: its rows, its total and its steps."""
    for one in (*said["rows"], said["total"]):
        assert [one[name] for name in NAMES] == [REQUESTS, INPUT, OUTPUT, COST]
        assert one["percentiles"]["answer_ms"] == {"n": 0, "p50": None, "p95": None, "p99": None}
    assert [step["hour"][11:] for step in said["series"]] == ["18:00:00Z", "19:00:00Z"]
    steps = [sum(step[name] for step in said["series"]) for name in NAMES[:3]]
    assert steps == [REQUESTS, INPUT, OUTPUT]
    assert sum(Decimal(step["list_cost"]) for step in said["series"]) == Decimal(COST)


def test_the_minutes_of_the_deployment_are_exact(people, trace, resource):
    imported(trace)
    found = selectors.minutes(people.alice, resource, DAY, DAY + timedelta(days=1))
    assert sum(one.requests for one in found) == REQUESTS
    assert sum(one.tokens for one in found) == INPUT + OUTPUT
    busiest = max(found, key=lambda one: one.requests)
    assert (f"{busiest.at:%H:%M}", busiest.requests, busiest.tokens) == ("18:43", 502, 780_667)
    assert (busiest.p50, busiest.p99) == (None, None)


@pytest.mark.parametrize(("minute", "above"), [(0, 13), (15, 15)])
def test_the_load_of_an_hour_is_exact(people, trace, resource, minute, above):
    imported(trace)
    start = HOUR + timedelta(minutes=minute)
    hour = (start, start + timedelta(hours=1))
    found = selectors.minutes(people.alice, resource, *hour)
    load = selectors.load(found, selectors.limit_tpm(resource), *hour)
    with connection.cursor() as cursor:
        cursor.execute(ABOVE, [*hour])
        assert len(cursor.fetchall()) == above
    assert (load.minutes, load.above, load.limit_tpm) == (60, above, 500_000)
    assert (load.peak_tokens, f"{load.peak_at:%H:%M}") == (780_667, "18:43")


def test_the_page_of_the_deployment_says_how_often_it_was_above(people, client_of, trace, resource):
    """Of the busiest 60 minutes, which are no hour of the clock: 18:15 to 19:14."""
    imported(trace)
    page = client_of(people.alice).get(f"/resources/{resource.pk}/").content.decode()
    said = "15 of 60 minutes above your 500 K TPM (peak 780 667 at 18:43 UTC)"
    assert said in page.replace("\u00a0", " ")
