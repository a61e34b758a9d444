"""The latency page: four numbers in words, five figures, files, and honest gaps."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.dashboards.panels.asked import Asked
from apps.dashboards.panels.latency.known import Latency
from apps.kernel import formats
from apps.usage import rollups
from apps.usage.models import UsageRecord
from apps.usage.states import Metric
from tests.dashboards.waiting import seed
from tests.usage.batches import deployment, events, send

pytestmark = pytest.mark.django_db
QUESTIONS = (
    "How long do people wait, and did it get worse?",
    "At which hours is it slow?",
    "How soon does the answer start?",
    "Which deployment is slow?",
    "How fast does it write?",
)


def shown(client, query=""):
    response = client.get(f"/latency/{query}")
    assert response.status_code == 200
    return response


def cells(client, query):
    response = client.get(f"/latency/{query}")
    assert response["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(response.getvalue().decode())))


def exact(share, **where):
    """Return the nearest-rank percentile of raw rows, in ms."""
    rows = UsageRecord.objects.filter(status__lt=400, latency_ms__isnull=False, **where)
    known = sorted(rows.values_list("latency_ms", flat=True))
    return known[max(0, -int(-share * len(known) // 1) - 1)]


def test_it_says_within_what_time_people_have_their_answers(people, client_of):
    seed(people)
    page = shown(client_of(people.alice), "?period=7d")
    team = people.alice.memberships.get().team_id
    for kpi, share in zip(page.context["kpis"], (0.5, 0.95, 0.99), strict=False):
        within = exact(share, team_id=team)
        told = page.context["figures"][0][0]
        assert told.data_json
        near = {formats.seconds_amount(within * f) for f in (0.99, 0.995, 1, 1.005, 1.01)}
        assert kpi["value"] in near
    html = page.content.decode()
    assert [question for question in QUESTIONS if question not in html] == []
    assert "± 1 %" in html
    assert "claims-triage-prod" in html


@pytest.mark.parametrize(("calls", "tone"), [(1000, "bad"), (999, "")])
def test_a_change_is_good_or_bad_only_where_it_is_certain(people, client_of, calls, tone):
    resource = deployment(people)
    now = timezone.now()
    for days, ms in ((10, 1000), (3, 2000)):
        send(events(resource, [now - timedelta(days=days)] * calls, latency_ms=ms))
    rollups.roll_all()
    kpis = shown(client_of(people.alice), "?period=7d").context["kpis"]
    assert str(kpis[1]["trend"]) == f"▲ {formats.seconds(1000)} on the week before"
    assert kpis[1]["trend"].tone == tone
    assert kpis[3]["value"] == formats.UNKNOWN


def test_as_long_as_before_is_no_change(people, client_of):
    resource = deployment(people)
    now = timezone.now()
    for days, ms in ((10, 1000), (3, 1010)):
        send(events(resource, [now - timedelta(days=days)] * 1000, latency_ms=ms))
    rollups.roll_all()
    page = shown(client_of(people.alice), "?period=7d")
    assert page.context["kpis"][1]["trend"].tone == ""
    assert "As the week before." in page.context["figures"][0][0].answer


def test_the_heat_has_monday_first_and_the_hour_in_utc(people, client_of):
    resource = deployment(people)
    monday = timezone.now().replace(hour=18, minute=5) - timedelta(days=7)
    monday -= timedelta(days=monday.weekday())
    send(events(resource, [monday] * 5, latency_ms=5000))
    send(events(resource, [monday + timedelta(days=1, hours=-9)] * 5, latency_ms=1000))
    rollups.roll_all()
    page = shown(client_of(people.alice), "?period=30d")
    heat = page.context["figures"][1][0]
    assert heat.answer.startswith("Slowest on Mon from 18:00")
    assert heat.answer.endswith(f"fastest on Tue from 09:00, {formats.seconds(1000)}.")
    assert (heat.cells[0].name, heat.cells[0].cells[18].css) == ("Mon", "q8")
    assert heat.cells[0].cells[17].text == formats.UNKNOWN


def test_calls_without_a_latency_are_said_to_have_none(people, client_of):
    seed(people, latency=False, calls=20)
    page = shown(client_of(people.alice))
    assert "No source tells a latency here" in page.content.decode()
    assert "28 calls in this period, none with a latency" in page.content.decode().replace(
        formats.NBSP, " "
    )
    assert "waits" not in page.context


def test_calls_whose_latency_is_not_added_up_yet_are_said_to_wait(people, client_of):
    """Sums come first; the page says of each number until when it is true."""
    resource = deployment(people)
    send(events(resource, [timezone.now()], latency_ms=900))
    client, sent = client_of(people.alice), timezone.now()
    rollups.roll_dirty(day_after=timedelta(0))
    page = shown(client)
    assert "These calls are being added up" in page.content.decode()
    assert page.context["as_of"] < sent < client.get("/usage/").context["as_of"]
    rollups.roll_all()
    page = shown(client)
    assert page.context["kpis"][1]["unit"] == "s"
    assert page.context["as_of"] > sent


def test_a_deployment_without_a_latency_stands_there_with_dashes(people, client_of):
    told, silent = deployment(people, name="told"), deployment(people, name="silent")
    now = timezone.now() - timedelta(hours=3)
    send(events(told, [now] * 3, latency_ms=900))
    send(events(silent, [now] * 5))
    rollups.roll_all()
    ranges = {one["label"]: one for one in shown(client_of(people.alice)).context["rows"]}
    assert ranges["told"]["p95"] == pytest.approx(900, rel=0.01)
    assert (ranges["silent"]["p95"], ranges["silent"]["requests"]) == (None, 5)
    rows = {
        row["deployment"]: row for row in cells(client_of(people.alice), "?format=csv&figure=table")
    }
    assert rows["silent"]["p95_ms"] == ""


@pytest.mark.parametrize("by", ["bu", "team", "workload", "environment", "model", "region"])
def test_the_table_is_by_any_dimension(people, client_of, by):
    seed(people)
    for person in (people.petra, people.alice):
        page = shown(client_of(person), f"?period=7d&by={by}")
        rows = page.context["rows"]
        assert sum(row["requests"] for row in rows) == page.context["total"].requests > 0
        assert f"Which {page.context['by'].label.lower()} is slow?" in page.content.decode()
        lines = cells(client_of(person), f"?period=7d&by={by}&format=csv&figure=table")
        assert [int(line["p95_ms"]) for line in lines] == [round(row["p95"]) for row in rows]
    team = people.alice.memberships.get().team_id
    whole = shown(client_of(people.alice), f"?period=7d&by={by}").context["whole"]
    assert whole["p95"] == pytest.approx(exact(0.95, team_id=team), rel=0.011)


def test_each_row_stands_beside_the_period_before(people, client_of):
    told, fresh = deployment(people, name="told"), deployment(people, name="fresh")
    now = timezone.now()
    for days, ms in ((10, 1000), (3, 2000)):
        send(events(told, [now - timedelta(days=days)] * 3, latency_ms=ms))
    send(events(fresh, [now - timedelta(days=3)] * 2, latency_ms=500))
    rollups.roll_all()
    for query in ("?period=7d", "?period=7d&grain=hour"):
        page = shown(client_of(people.alice), query)
        rows = {row["label"]: row for row in page.context["rows"]}
        assert rows["told"]["before"] == pytest.approx(1000, rel=0.01)
        assert str(rows["told"]["change"]).startswith("▲ ")
        assert rows["fresh"]["before"] is None
        assert str(rows["fresh"]["change"]) == formats.UNKNOWN
        assert page.context["whole"]["before"] == rows["told"]["before"]
    lines = {
        row["deployment"]: row
        for row in cells(client_of(people.alice), "?period=7d&format=csv&figure=table")
    }
    change = int(lines["told"]["p95_ms"]) - int(lines["told"]["p95_before_ms"])
    assert int(lines["told"]["p95_change_ms"]) == change > 900
    assert (lines["fresh"]["p95_before_ms"], lines["fresh"]["p95_change_ms"]) == ("", "")


def test_a_new_version_of_a_model_is_compared_with_the_old_one(people, client_of):
    now = timezone.now()
    for version, days in (("2025-08-07", 10), ("2025-11-13", 3)):
        one = deployment(people, name=version, model="gpt-5.1", version=version)
        send(events(one, [now - timedelta(days=days)] * 3, latency_ms=100 * days))
    rollups.roll_all()
    (row,) = shown(client_of(people.alice), "?period=7d&by=model").context["rows"]
    assert (row["label"], round(row["before"], -1)) == ("gpt-5.1", 1000)


def test_a_view_is_saved_and_opened_again(people, client_of):
    seed(people, calls=30)
    client = client_of(people.alice)
    body = {"page": "latency", "name": "Slow teams", "query": "period=7d&by=team"}
    assert client.post("/usage/views/", body)["Location"] == "/latency/?period=7d&by=team"
    page = shown(client, "?period=7d&by=team")
    assert 'href="/latency/?period=7d&amp;by=team"' in page.content.decode()
    assert list(shown(client_of(people.bob)).context["saved"]) == []
    assert client.get("/usage/").context["saved"].count() == 0


def test_nothing_at_all(people, client_of):
    assert "No usage yet" in shown(client_of(people.alice)).content.decode()


def test_charlie_sees_nothing_of_alice(people, client_of):
    mine, other, _ = seed(people)
    html = shown(client_of(people.charlie)).content.decode()
    assert "fraud-notes-prod" in html
    assert mine.name not in html
    assert other.name not in html
    filtered = shown(client_of(people.charlie), f"?deployment={mine.pk}").content.decode()
    assert "Nothing matches these filters" in filtered
    rows = cells(client_of(people.charlie), f"?format=csv&figure=table&deployment={mine.pk}")
    assert rows == []


def test_a_filter_narrows_every_number(people, client_of):
    mine, other, _ = seed(people)
    page = shown(client_of(people.alice), f"?deployment={other.pk}&period=7d")
    assert [one["label"] for one in page.context["rows"]] == [other.name]
    assert (
        page.context["total"].requests == UsageRecord.objects.filter(deployment_id=other.pk).count()
    )
    assert mine.name not in page.content.decode().split("Which deployment is slow?")[1]


def test_each_figure_has_a_file_with_the_same_numbers(people, client_of, rf):
    seed(people)
    client = client_of(people.alice)
    known = Latency(Asked.read(people.alice, rf.get("/", {"period": "7d"}).GET))
    rows = cells(client, "?period=7d&format=csv&figure=waits")
    steps = known.waits[Metric.ANSWER].steps
    assert [int(row["p95_ms"] or -1) for row in rows] == [round(one.p95 or -1) for _, one in steps]
    assert sum(int(row["answers"]) for row in rows) == known.waits[Metric.ANSWER].now.n
    assert len(cells(client, "?period=7d&format=csv&figure=hours")) == 168
    speeds = cells(client, "?period=7d&format=csv&figure=speed")
    assert any(float(row["tokens_per_s"] or 0) > 0 for row in speeds)
    first = cells(client, "?period=7d&format=csv&figure=first_token")
    assert sum(int(row["answers"]) for row in first) == known.waits[Metric.FIRST_TOKEN].now.n


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?format=csv&figure=pie", "There is no figure “pie” here"),
        ("?period=yesterday", "“yesterday” cannot be read as period"),
        ("?from=2026-11-31", "“2026-11-31” cannot be read as from"),
        ("?from=2026-11-02&to=2026-11-01", "The period ends before it begins."),
        ("?by=mars", "“mars” is nothing that usage is grouped by"),
        ("?grain=second", "“second” cannot be read as grain"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(people, client_of, query, sentence):
    response = client_of(people.alice).get(f"/latency/{query}")
    assert response.status_code == 422
    assert sentence in response.content.decode()


@pytest.mark.parametrize("query", ["?period=24h", "?period=7d", "?period=month", "?grain=month"])
def test_only_rollups_are_read(people, client_of, query):
    seed(people, calls=30)
    client = client_of(people.petra)
    shown(client, query)
    with CaptureQueriesContext(connection) as captured:
        shown(client, query)
    asked = [one["sql"] for one in captured if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert not [sql for sql in asked if "usage_record" in sql]
    assert len(asked) <= 12, "\n".join(asked)


def test_the_present_month_is_compared_with_the_whole_month_before(people, client_of):
    resource, now = deployment(people), timezone.now()
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    last = first - timedelta(hours=2)  # on no day that the present month has had
    for at, ms in ((last, 1000), (first, 2000)):
        send(events(resource, [at] * 3, latency_ms=ms))
    rollups.roll_all()
    page = shown(client_of(people.alice), "?period=month")
    month = f"{last:%B}"
    assert str(page.context["kpis"][1]["trend"]).endswith(f" on {month}")
    assert f"slower than in {month}." in page.context["figures"][0][0].answer
    assert "on the same days" not in page.content.decode()
