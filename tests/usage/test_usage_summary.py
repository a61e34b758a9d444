"""The command that sums usage: every row, exact money, and a sentence for what it cannot read."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.usage import rollups
from apps.usage.protocols import OPTIONAL_COUNTS
from tests.usage.batches import deployment, events, send

pytestmark = pytest.mark.django_db
AT = (timezone.now().replace(day=1) - timedelta(days=1)).replace(
    day=16, hour=18, minute=43, second=0, microsecond=0
)
MONTH = f"{AT:%Y-%m}"  # the last one that is over
SPAN = ("--from", f"{MONTH}-16", "--to", f"{MONTH}-18")


def text(*options):
    out = io.StringIO()
    call_command("usage_summary", *options, stdout=out)
    return out.getvalue()


def summary(*options):
    return json.loads(text(*options, "--json"))


@pytest.fixture
def used(people):
    """Ten deployments, one of them of another unit and one without a price; 16 and 17 November."""
    named = [deployment(people, days=90) for _ in range(8)]
    foreign = deployment(people, workload="fraud-notes", days=90)
    unpriced = deployment(people, model="no-such-model", days=90)
    for number, one in enumerate([*named, foreign, unpriced], 1):
        send(events(one, [AT, AT + timedelta(days=1)], input_tokens=number, status=[200, 429]))
    rollups.roll_all()
    return foreign


def test_rows_are_all_there_and_sum_to_the_total(used):
    said = summary(*SPAN, "--group-by", "deployment")
    assert len(said["rows"]) == 10
    assert {row["requests"] for row in said["rows"]} == {2}
    for name in ("requests", "errors", "throttled", "unpriced", "input_tokens", "output_tokens"):
        assert sum(row[name] for row in said["rows"]) == said["total"][name]
    assert (said["currency"], said["as_of"][-1]) == ("USD", "Z")
    assert {said["total"][name] for name in OPTIONAL_COUNTS} == {None}


def test_costs_have_nine_places_and_null_is_not_free(used):
    rows = {row["model"]: row for row in summary(*SPAN, "--group-by", "model")["rows"]}
    assert rows["no-such-model"]["list_cost"] is None
    assert rows["no-such-model"]["unpriced"] == 2
    nano = sum(2 * (number * 1250 + 100 * 10_000) for number in range(1, 10))
    assert rows["gpt-5.1"]["list_cost"] == f"0.{nano:09}"


def test_the_end_is_exclusive_and_hours_will_do(used):
    def count(start, end):
        return summary("--from", start, "--to", end)["total"]["requests"]

    assert count(f"{MONTH}-16", f"{MONTH}-17") == 10
    assert count(f"{MONTH}-16T18:00", f"{MONTH}-16T19:00") == 10
    assert count(f"{MONTH}-16T19:00", f"{MONTH}-17T18:00Z") == 0
    assert count(f"{MONTH}-16T19:00", f"{MONTH}-17T20:00+01:00") == 10


@pytest.mark.parametrize(
    ("grain", "start", "steps"),
    [
        ("hour", f"{MONTH}-16", [f"{MONTH}-16T18:00:00Z", f"{MONTH}-17T18:00:00Z"]),
        ("day", f"{MONTH}-16T10:00", [f"{MONTH}-16", f"{MONTH}-17"]),
        ("month", f"{MONTH}-16", [MONTH]),
    ],
)
def test_steps_of_time_sum_to_the_total(used, grain, start, steps):
    said = summary("--from", start, "--to", f"{MONTH}-18", "--group-by", f"bu,{grain}")
    assert sorted({row[grain] for row in said["rows"]}) == steps
    assert len({row["bu"] for row in said["rows"]}) == 2
    assert sum(row["input_tokens"] for row in said["rows"]) == said["total"]["input_tokens"] == 110
    alone = summary("--from", start, "--to", f"{MONTH}-18", "--group-by", grain)["rows"]
    assert [row[grain] for row in alone] == steps


def test_a_table_for_people(used):
    lines = text(*SPAN, "--group-by", "workload").splitlines()
    assert lines[0].split()[:3] == ["workload", "workload_id", "requests"]
    assert {line.split()[0] for line in lines[1:3]} == {"claims-triage", "fraud-notes"}
    assert lines[3].startswith("Total")
    assert len({len(line) for line in lines[:4]}) == 1
    assert lines[4].startswith("USD at list price, as of ")


def test_nothing_is_a_total_of_nothing(people):
    said = summary("--from", f"{MONTH}-01", "--to", f"{MONTH}-02", "--group-by", "team")
    assert said["rows"] == []
    assert (said["total"]["requests"], said["total"]["list_cost"]) == (0, "0.000000000")
    assert "Total" not in text("--from", f"{MONTH}-01", "--to", f"{MONTH}-02")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "--from “” cannot be read"),
        (("--from", "2026-11-16"), "--to “” cannot be read"),
        (("--from", "yesterday", "--to", "2026-11-17"), "such as 2026-11-16"),
        (("--from", "2026-02-30", "--to", "2026-11-17"), "--from “2026-02-30” cannot be read"),
        (("--from", "0001-01-01T00:00+14:00", "--to", "2026-11-17"), "cannot be read"),
        (("--from", "2026-11-16T18:43", "--to", "2026-11-17"), "2026-11-16T18:00 would be"),
        (("--from", "2026-11-16", "--to", "2026-11-16"), "ends before it begins"),
        ((*SPAN, "--group-by", "colour"), "“colour” cannot be grouped by; one of bu, team,"),
        ((*SPAN, "--group-by", "bu,team"), "or one of each would pass"),
        ((*SPAN, "--group-by", "hour,day"), "or one of each would pass"),
        ((*SPAN, "--group-by", "minute"), "“minute” cannot be grouped by"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(db, options, said):
    with pytest.raises(CommandError) as refused:
        text(*options)
    assert said in str(refused.value)
