"""The page of usage and its files say what the raw rows say, to those who may see it."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.dashboards.panels.usage import _apart
from apps.kernel import formats
from apps.teams.models import Workload
from apps.usage import rollups
from apps.usage.models import SavedView
from tests.dashboards import traffic
from tests.usage.batches import deployment, events, grant, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(people):
    return traffic.make(people)


def raw(condition="true", columns="count(*), sum(input_tokens), sum(output_tokens)", days=30):
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM usage_record WHERE ts >= %s AND ts < %s AND {condition}",  # noqa: S608
            [end - timedelta(days=days), end],
        )
        return cursor.fetchone()


def read(response):
    assert response["Content-Type"].startswith("text/csv")
    assert "attachment" in response["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(b"".join(response).decode())))


def test_the_page_says_what_the_raw_rows_say(people, client_of, made):
    response = client_of(people.petra).get("/usage/")
    total = response.context["answer"].total
    assert (total.requests, total.input_tokens, total.output_tokens) == raw()
    assert (total.throttled,) == raw("status = 429", "count(*)")
    assert (total.list_cost_nano,) == raw(columns="sum(list_cost_nano)::bigint")
    rows = response.context["rows"]
    assert [row.label for row in rows] == ["triage", "notes", "qa"]
    assert sum(row.sums.tokens for row in rows) == total.tokens
    assert sum(row.share for row in rows) == pytest.approx(1)
    page = response.content.decode()
    for question in ("drive the tokens", "being throttled", "traffic come", "from cache"):
        assert question in page


@pytest.mark.parametrize(
    "by", ["bu", "team", "workload", "environment", "deployment", "model", "region"]
)
def test_the_file_of_each_grouping_sums_to_the_raw_rows(people, client_of, made, by):
    rows = read(client_of(people.petra).get(f"/usage/?format=csv&by={by}"))
    got = tuple(sum(int(r[c]) for r in rows) for c in ("requests", "input_tokens", "output_tokens"))
    assert got == raw()
    cost = sum(Decimal(row["list_cost"]) for row in rows if row["list_cost"])
    assert (int(cost.scaleb(9)),) == raw(columns="sum(list_cost_nano)::bigint")
    assert all(len(r["list_cost"].partition(".")[2]) == 9 for r in rows if r["list_cost"])


def test_each_row_stands_beside_the_period_before(people, client_of, made):
    client = client_of(people.petra)
    now = timezone.now()
    for days, tokens in ((10, 100), (3, 150)):
        send(events(made.qa, [now - timedelta(days=days)], input_tokens=tokens, output_tokens=50))
    rollups.roll_all()
    page = client.get(f"/usage/?period=7d&deployment={made.qa.pk}")
    (row,) = page.context["rows"]
    before = page.context["answer"].before
    assert (row.before, row.before.tokens > 0) == (before, True)
    growth = row.sums.tokens / before.tokens - 1
    way = "▲" if growth > 0 else "▼"
    assert str(row.change) == f"{way} {formats.percent(abs(growth))}"
    assert str(page.context["change"]) == str(row.change)
    assert formats.short_count(before.tokens) in page.content.decode()
    (line,) = read(client.get(f"/usage/?period=7d&deployment={made.qa.pk}&format=csv"))
    tokens = int(line["input_tokens_before"]) + int(line["output_tokens_before"])
    assert (tokens, int(line["requests_before"])) == (before.tokens, before.requests)
    assert float(line["tokens_change"]) == pytest.approx(growth, abs=5e-5)
    assert line["list_cost_before"] == ""


@pytest.mark.parametrize("by", ["bu", "model", "deployment"])
def test_what_was_before_adds_up(people, client_of, made, by):
    page = client_of(people.petra).get(f"/usage/?period=7d&by={by}")
    rows, before = page.context["rows"], page.context["answer"].before
    assert sum(row.before.requests for row in rows) == before.requests > 0


def test_nothing_before_is_a_dash(people, client_of):
    send(events(deployment(people), [timezone.now() - timedelta(hours=2)]))
    rollups.roll_all()
    page = client_of(people.alice).get("/usage/?period=30d")
    assert [str(row.change) for row in page.context["rows"]] == [formats.UNKNOWN]
    (line,) = read(client_of(people.alice).get("/usage/?format=csv"))
    assert (line["requests_before"], line["tokens_change"]) == ("0", "")


def test_tokens_by_class_count_what_nobody_told(people, client_of, made):
    now = timezone.now() - timedelta(hours=2)
    told = {"cache_write_tokens": 40, "reasoning_tokens": [7, -1, -1], "images": 0}
    send(events(made.qa, [now] * 3, **told))
    rollups.roll_all()
    client = client_of(people.petra)
    page = client.get("/usage/")
    total = page.context["answer"].total
    found = {one.name: (one.tokens, one.silent) for one in page.context["classes"]}
    assert found == {
        "input_tokens": (total.input_tokens, 0),
        "cached_tokens": (total.cached_tokens, total.requests - total.cached_known),
        "cache_write_tokens": (120, total.requests - 3),
        "audio_in_tokens": (None, total.requests),
        "output_tokens": (total.output_tokens, 0),
        "reasoning_tokens": (7, total.requests - 1),
        "audio_out_tokens": (None, total.requests),
        "images": (0, total.requests - 3),
    }
    html = page.content.decode()
    assert html.count("of it audio") == 2
    assert html.count(f'title="{formats.UNKNOWN}">{formats.UNKNOWN}<') == 2
    lines = {row["class"]: row for row in read(client.get("/usage/?format=csv&figure=classes"))}
    assert lines["audio_in_tokens"]["counted"] == ""
    assert lines["reasoning_tokens"]["calls_told"] == "1"
    assert int(lines["cached_tokens"]["counted"]) == total.cached_tokens
    (mine,) = raw("ts IS NOT NULL", "count(*)")
    assert int(lines["images"]["calls_silent"]) == mine - 3


def test_what_is_not_known_is_empty_in_the_file_and_a_dash_on_the_page(people, client_of, made):
    client = client_of(people.alice)
    rows = {row["deployment"]: row for row in read(client.get("/usage/?format=csv"))}
    assert (rows["qa"]["cached_tokens"], rows["qa"]["list_cost"]) == ("", "")
    assert int(rows["triage"]["cached_tokens"]) > 0
    page = client.get(f"/usage/?deployment={made.qa.pk}").content.decode()
    assert "No source tells of cached input" in page
    assert '<td class="n" data-l="List cost, USD">–</td>' in page
    assert "calls unpriced" in page.replace("\u00a0", " ")


@pytest.mark.parametrize("figure", ["tokens", "throttled", "hours", "cached"])
def test_each_figure_leads_to_its_file(people, client_of, made, figure):
    client = client_of(people.petra)
    shown = [one for one, _ in client.get("/usage/").context["figures"] if one.id == figure]
    rows = read(client.get(f"/usage/{shown[0].csv_url}"))
    if figure in ("tokens", "throttled"):
        assert (sum(int(row["requests"]) for row in rows),) == raw(columns="count(*)")
    elif figure == "hours":
        assert [int(row["hour"]) for row in rows] == list(range(24))
        assert sum(float(row["requests_mean"]) for row in rows) > 0
    else:
        known = raw("cached_tokens IS NOT NULL", "sum(cached_tokens)")
        assert (sum(int(row["cached_tokens"] or 0) for row in rows),) == known


def test_a_file_that_there_is_not(people, client_of, made):
    response = client_of(people.petra).get("/usage/?format=csv&figure=moon")
    assert response.status_code == 404


def test_parts_sum_to_the_total_with_others(people, client_of, made, monkeypatch):
    monkeypatch.setattr("apps.dashboards.panels.usage.TOP", 1)
    context = client_of(people.petra).get("/usage/").context
    rows, total = context["rows"], context["answer"].total
    assert [row.label for row in rows] == ["triage", "2 others"]
    assert rows[1].others
    assert rows[1].url == ""
    assert sum(row.sums.tokens for row in rows) == total.tokens
    every = client_of(people.petra).get(f"/usage/{context['all_url']}").context["rows"]
    assert len(every) == 3


def test_filters_narrow_the_page_and_stay_in_its_links(people, client_of, made):
    context = client_of(people.petra).get("/usage/?team=claims&by=workload&period=7d").context
    assert context["answer"].total.requests == raw(f"team_id = {made.qa.team_id}", "count(*)", 7)[0]
    chip = next(one for one in context["filters"] if one["name"] == "Team")
    assert chip["value"] == "Claims Automation"
    assert "team=claims" not in chip["clear_url"]
    assert "period=7d" in chip["clear_url"]
    assert "by=workload" in chip["clear_url"]
    assert all("team=claims" in row.url and "workload=" in row.url for row in context["rows"])


def test_a_deployment_leads_to_its_page(people, client_of, made):
    rows = client_of(people.petra).get("/usage/").context["rows"]
    assert rows[0].url == reverse("resource", args=[made.triage.pk])


def test_everybody_sees_their_own_and_no_more(people, client_of, made):
    own = {"alice": {"triage", "qa"}, "bob": {"triage", "qa"}, "charlie": {"notes"}}
    for who, expected in own.items():
        client = client_of(getattr(people, who))
        assert {row.label for row in client.get("/usage/").context["rows"]} == expected
        assert {row["deployment"] for row in read(client.get("/usage/?format=csv"))} == expected
    foreign = client_of(people.charlie).get("/usage/?team=claims")
    assert foreign.context["nothing"]["title"] == "Nothing matches these filters"
    assert "Claims Automation" not in foreign.content.decode()
    assert read(client_of(people.charlie).get("/usage/?team=claims&format=csv")) == []


@pytest.mark.parametrize(
    ("number", "parts"),
    [(4_553, ("4\u00a0553", "")), (359, ("359", "")), (463_200_000, ("463.2", "M"))],
)
def test_a_number_is_parted_from_its_unit_and_not_inside(number, parts):
    assert _apart(formats.short_count(number)) == parts


def test_what_an_empty_page_says(people, client_of):
    client = client_of(people.alice)
    assert client.get("/usage/").context["nothing"]["title"] == "No usage yet"
    traffic.make(people)
    long_ago = client.get("/usage/?from=2026-01-01&to=2026-01-31").context["nothing"]
    assert long_ago["title"] == "No calls in this period"
    assert client.get(long_ago["url"]).context["answer"].total.requests
    unmatched = client.get("/usage/?region=mars").context["nothing"]
    assert unmatched["title"] == "Nothing matches these filters"
    assert client.get(unmatched["url"]).context["answer"].total.requests


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("period=yesterday", "24h, 7d, 30d, month or custom"),
        ("from=2026-13-01", "a day such as"),
        ("from=2026-11-20&to=2026-11-01", "ends before it begins"),
        ("period=month&month=november", "cannot be read as month"),
        ("by=colour", "nothing that usage is grouped by"),
        ("period=30d&grain=second", "hour, day or month"),
    ],
)
def test_an_address_that_cannot_be_read_gets_a_sentence(people, client_of, query, sentence):
    response = client_of(people.alice).get(f"/usage/?{query}")
    assert response.status_code == 422
    assert sentence in response.content.decode()


@pytest.mark.parametrize("page", ["usage", "cost"])
@pytest.mark.parametrize(
    "query",
    ["period=24h&grain=day", "from=2026-01-01", "period=7d&grain=hour", "period=month&grain=month"],
)
def test_steps_of_any_width_are_drawn_and_sum_to_the_total(people, client_of, made, page, query):
    if query.startswith("from"):
        query += f"&to={timezone.now():%Y-%m-%d}"
    client = client_of(people.petra)
    total = client.get(f"/{page}/?{query}").context["answer"].total
    name = {"usage": "tokens", "cost": "days"}[page]
    rows = read(client.get(f"/{page}/?{query}&format=csv&figure={name}"))
    assert sum(int(row["requests"]) for row in rows) == total.requests > 0


@pytest.mark.parametrize(
    ("query", "offered", "current"),
    [
        ("period=24h", [], ""),
        ("period=7d", ["By hour", "By day"], "By day"),
        ("period=month&grain=hour", ["By hour", "By day"], "By hour"),
        ("from=2026-01-01&to=2026-01-31", ["By hour", "By day"], "By day"),
        ("from=2026-01-01&to=2026-02-01", ["By day", "By month"], "By day"),
        ("from=2026-01-01&to=2026-06-30", ["By day", "By month"], "By month"),
        ("period=7d&grain=month", ["By hour", "By day", "By month"], "By month"),
    ],
)
@pytest.mark.parametrize("page", ["usage", "cost", "latency"])
def test_a_step_is_offered_where_the_period_allows_it(
    people, client_of, made, page, query, offered, current
):
    client = client_of(people.petra)
    grains = client.get(f"/{page}/?{query}&team=claims").context["grains"]
    assert [one["label"] for one in grains] == offered
    assert [one["label"] for one in grains if one["current"]] == ([current] if current else [])
    for one in grains:
        answer = client.get(f"/{page}/{one['url']}")
        assert (answer.status_code, "team=claims" in one["url"]) == (200, True)
        (now,) = (again for again in answer.context["grains"] if again["current"])
        assert now["label"] == one["label"]


def test_a_new_period_comes_with_its_own_step_and_calls_have_none(people, client_of, made):
    page = client_of(people.petra).get("/usage/?period=7d&grain=hour&by=team").content.decode()
    assert 'href="?period=30d&amp;by=team"' in page
    assert 'name="by" value="team"' in page
    assert 'name="grain"' not in page
    calls = client_of(people.petra).get("/calls/?period=7d")
    assert not calls.context["grains"]
    assert "By hour" not in calls.content.decode()


@pytest.mark.parametrize("query", ["", "?period=24h", "?period=month", "?team=claims&by=model"])
def test_few_queries_and_none_of_raw_rows(people, client_of, made, query):
    client = client_of(people.petra)
    client.get(f"/usage/{query}")
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"/usage/{query}").status_code == 200
    asked = [one["sql"] for one in captured if "SAVEPOINT" not in one["sql"]]
    assert len(asked) <= 12, "\n".join(asked)
    assert not [sql for sql in asked if "usage_record" in sql]


def test_a_view_is_saved_listed_opened_and_deleted(people, client_of, made):
    client = client_of(people.alice)
    body = {"page": "usage", "name": "  Claims,  last week ", "query": "period=7d&team=claims"}
    response = client.post(reverse("view_save"), body)
    assert response["Location"] == "/usage/?period=7d&team=claims"
    page = client.get(response["Location"]).content.decode()
    assert "Claims, last week" in page
    assert "Only you see it." in page
    view = SavedView.objects.get()
    assert list(client_of(people.bob).get("/usage/").context["saved"]) == []
    assert client_of(people.bob).post(reverse("view_delete", args=[view.pk])).status_code == 404
    assert SavedView.objects.count() == 1
    assert client.post(reverse("view_delete", args=[view.pk]))["Location"] == "/usage/"
    assert not SavedView.objects.exists()


def test_a_view_that_cannot_be_saved(people, client_of):
    client = client_of(people.alice)

    def save(**changes):
        body = {"page": "usage", "name": "Mine", "query": "period=7d"} | changes
        response = client.post(reverse("view_save"), body)
        return response.status_code, response.content.decode()

    assert save()[0] == 302
    assert save()[0] == 409
    assert "Choose another name" in save()[1]
    assert save(page="cost")[0] == 302
    assert save(name=" ")[0] == 422
    assert save(name="x" * 61)[0] == 422
    assert save(name="Long", query="team=" + "x" * 500)[0] == 422
    assert save(name="Else", page="home")[0] == 404
    SavedView.objects.bulk_create(
        SavedView(person=people.alice, page="cost", name=f"{n}") for n in range(48)
    )
    status, page = save(name="One more")
    assert status == 409
    assert "the most there can be" in page
    assert SavedView.objects.count() == 50


def test_the_address_of_a_view_is_a_query_and_nothing_else(people, client_of):
    body = {"page": "usage", "name": "Odd", "query": "//elsewhere.example\r\nX: y"}
    response = client_of(people.alice).post(reverse("view_save"), body)
    assert response["Location"].startswith("/usage/?")
    assert "\n" not in response["Location"]


def test_a_period_without_a_whole_hour_has_no_busiest_hour(people, client_of):
    resource = deployment(people)
    first = timezone.now().replace(hour=0, minute=10, second=0, microsecond=0)
    send(events(resource, [first]))
    rollups.roll_all()
    client = client_of(people.alice)
    with mock.patch("django.utils.timezone.now", return_value=first + timedelta(minutes=20)):
        response = client.get(f"/usage/?from={first:%Y-%m-%d}")
    assert response.status_code == 200
    figure = next(one for one, _ in response.context["figures"] if one.id == "hours")
    assert (figure.answer, figure.data_json) == ("", "")
    assert "No hour is over yet" in response.content.decode()


def test_who_only_shares_a_deployment_is_led_to_its_calls(people, client_of):
    resource, guest = deployment(people), Workload.objects.get(slug="fraud-notes")
    grant(resource, guest)
    at = timezone.now() - timedelta(hours=2)
    send(events(resource, [at], workload=guest, latency_ms=900))
    rollups.roll_all()
    client, url = client_of(people.charlie), f"/calls/?period=30d&deployment={resource.pk}"
    (row,) = client.get("/usage/?period=30d").context["rows"]
    (span,) = client.get("/latency/?period=30d").context["rows"]
    assert row.url == span["url"] == url
    (call,) = client.get(url).context["rows"]
    page = client.get(call["url"])
    assert f'href="/calls/?deployment={resource.pk}"' in page.content.decode()
    assert page.context["deployment"] == resource.name
    (own,) = client_of(people.petra).get("/latency/?period=30d").context["rows"]
    assert own["url"] == reverse("resource", args=[resource.pk])


@pytest.mark.parametrize(
    ("by", "following"),
    [
        ("bu", "team"),
        ("team", "workload"),
        ("workload", "deployment"),
        ("environment", "deployment"),
        ("model", "deployment"),
        ("region", "deployment"),
    ],
)
def test_a_row_leads_one_step_down(people, client_of, made, by, following):
    client = client_of(people.petra)
    for row in client.get(f"/usage/?by={by}").context["rows"]:
        below = client.get(f"/usage/{row.url}").context
        assert below["by"] == following
        assert below["answer"].total.requests == row.sums.requests


def test_a_view_keeps_no_file_no_figure_and_no_place_in_a_list(people, client_of, made):
    client = client_of(people.alice)
    query = "period=7d&format=csv&figure=tokens&cursor=x"
    for page in ("calls", "cost"):
        html = client.get(f"/{page}/?period=7d").content.decode()
        assert f'name="page" value="{page}"' in html
        body = {"page": page, "name": f"My {page}", "query": query}
        assert client.post(reverse("view_save"), body)["Location"] == f"/{page}/?period=7d"
        assert f"My {page}" in client.get(f"/{page}/?period=7d").content.decode()
