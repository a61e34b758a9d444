"""The explorer: the calls themselves, by key, with every filter, each with its cost explained."""

import csv
import io
from datetime import timedelta
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.catalog import selectors as catalog
from apps.dashboards.panels import calls as panel
from apps.kernel import formats
from apps.usage import rollups, services
from apps.usage import selectors as usage
from apps.usage.models import UsageRecord
from apps.usage.states import Dimension
from tests.dashboards.waiting import seed
from tests.usage.batches import deployment, events, send

pytestmark = pytest.mark.django_db
SECRET = bytes(range(16))


@pytest.fixture
def at():
    return timezone.now().replace(microsecond=123_000) - timedelta(hours=2)


def shown(client, query=""):
    response = client.get(f"/calls/{query}")
    assert response.status_code == 200
    return response


def exported(client, query=""):
    response = client.get(f"/calls/?format=csv{query}")
    return list(csv.DictReader(io.StringIO(response.getvalue().decode())))


def test_newest_first_to_the_millisecond(people, client_of, at):
    resource = deployment(people)
    send(events(resource, [at, at + timedelta(milliseconds=1)], latency_ms=1234, ttft_ms=321))
    page = shown(client_of(people.alice))
    times = [row["time"] for row in page.context["rows"]]
    assert times == [f"{at:%H:%M:%S}.124", f"{at:%H:%M:%S}.123"]
    html = page.content.decode()
    for text in (resource.name, "claims-triage", "Answered", f"1{formats.NBSP}234", "321"):
        assert text in html


def test_pages_by_key_show_every_call_once(people, client_of, at):
    resource = deployment(people)
    send(events(resource, [at] * 30 + [at + timedelta(seconds=n) for n in range(30)]))
    client, seen, cursor = client_of(people.alice), [], ""
    for _ in range(3):
        page = shown(client, f"?cursor={cursor}").context["page"]
        seen += [call.event_id for call in page.rows]
        cursor = page.older
    assert cursor == ""
    assert len(seen) == len(set(seen)) == 60


def test_outcome_in_words_and_as_a_filter(people, client_of, at):
    resource = deployment(people)
    send(events(resource, [at] * 4, status=[200, 429, 400, 503], error_kind=[-1, 1, 2, -1]))
    client = client_of(people.alice)
    labels = {row["outcome"].label for row in shown(client).context["rows"]}
    assert labels == {"Answered", "Throttled (429)", "Content filter", "Azure’s error (503)"}
    for outcome, status in (("ok", {200}), ("failed", {429, 400, 503}), ("throttled", {429})):
        rows = shown(client, f"?outcome={outcome}").context["rows"]
        assert {row["call"].status for row in rows} == status


def test_slower_than(people, client_of, at):
    send(events(deployment(people), [at] * 3, latency_ms=[1000, 1001, -1]))
    rows = shown(client_of(people.alice), "?slower_ms=1000").context["rows"]
    assert [row["call"].latency_ms for row in rows] == [1001]


def test_filters_stay_in_each_others_addresses(people, client_of):
    seed(people, calls=20)
    page = shown(client_of(people.alice), "?period=7d&outcome=ok&slower_ms=10")
    filters = {one["name"]: one for one in page.context["filters"]}
    assert filters["Slower than"]["value"] == formats.seconds(10)
    for one in (*filters["Deployment"]["options"], *filters["Outcome"]["options"]):
        assert "period=7d" in one["url"]
        assert "slower_ms=10" in one["url"]
    assert "outcome" not in filters["Outcome"]["clear_url"]


def test_a_call_that_is_not_rolled_up_yet_has_its_names(people, client_of, at):
    resource = deployment(people)
    send(events(resource, [at]))
    assert shown(client_of(people.alice)).context["rows"][0]["deployment"] == resource.name


def test_unknown_is_a_dash_and_no_price_is_said(people, client_of, at):
    send(events(deployment(people, model="no-such-model"), [at]))
    page = shown(client_of(people.alice))
    row = page.context["rows"][0]
    assert (row["cost"], row["priced_by"]) == (None, "no price in force")
    url = row["url"]
    html = client_of(people.alice).get(url).content.decode()
    assert "No list price was in force" in html


def test_one_call_explains_its_cost_to_the_nano(people, client_of, at):
    resource = deployment(people)
    send(events(resource, [at], input_tokens=3333, cached_tokens=1111, output_tokens=777))
    call = UsageRecord.objects.get()
    page = client_of(people.alice).get(panel.url_of(call))
    price = catalog.price_set(call.price_set_id)
    lines = {line.token_class: line for line in services.explain(call, price)}
    assert {name: line.tokens for name, line in lines.items()} == {
        "input": 2222,
        "cached_input": 1111,
        "output": 777,
    }
    assert sum(line.cost_nano for line in lines.values()) == call.list_cost_nano
    cost = page.context["cost"]
    assert cost["result"] == formats.money_exact(call.list_cost_nano)
    assert cost["note"] == ""
    assert [one["value"] for one in cost["factors"]] == [
        "0.002777500",
        "0.000138875",
        "0.007770000",
    ]
    assert cost["factors"][1]["source"] == (
        f"1{formats.NBSP}111 cached input × 0.125{formats.NBSP}USD per 1{formats.NBSP}M"
    )


def test_an_amount_that_the_set_no_longer_makes_is_said(people, client_of, at):
    send(events(deployment(people), [at]))
    call = UsageRecord.objects.get()
    UsageRecord.objects.update(list_cost_nano=call.list_cost_nano + 1)
    cost = client_of(people.alice).get(panel.url_of(call)).context["cost"]
    assert cost["note"].startswith("The set was corrected since")


def test_provisioned_tokens_cost_nothing_by_themselves(people, client_of, at):
    send(events(deployment(people, sku="GlobalProvisionedManaged", capacity=15), [at]))
    call = UsageRecord.objects.get()
    assert call.list_cost_nano == 0
    cost = client_of(people.alice).get(panel.url_of(call)).context["cost"]
    assert cost["note"].startswith("Provisioned throughput is billed by the hour")


def test_the_file_has_every_call_of_the_filter_exactly(people, client_of, at):
    mine, _, _ = seed(people, calls=80)
    client = client_of(people.alice)
    rows = exported(client, f"&period=7d&deployment={mine.pk}&outcome=ok")
    stored = UsageRecord.objects.filter(deployment_id=mine.pk, status=200).order_by("-ts")
    assert [UUID(row["event id"]) for row in rows] == [one.event_id for one in stored]
    assert [row["list cost, USD"] for row in rows] == [
        formats.amount(one.list_cost_nano, 9) for one in stored
    ]
    assert {row["deployment"] for row in rows} == {mine.name}
    assert {row["team"] for row in rows} == {"Claims Automation"}
    assert {row["spillover"] for row in rows} == {""}


def test_the_end_user_is_never_shown_and_never_exported(people, client_of, at):
    found = events(deployment(people), [at])
    found.end_user[:] = SECRET
    send(found)
    call = UsageRecord.objects.get()
    assert bytes(call.end_user_hash) == SECRET
    client = client_of(people.petra)
    for url in ("/calls/", "/calls/?format=csv", panel.url_of(call)):
        body = b"".join(client.get(url)).decode()
        assert str(call.event_id) in body or url == "/calls/"
        assert SECRET.hex() not in body.replace("-", "")
        assert "end_user" not in body


def test_charlie_sees_no_call_of_alice(people, client_of, at):
    mine = deployment(people)
    foreign = deployment(people, workload="fraud-notes")
    send(events(mine, [at]))
    send(events(foreign, [at]))
    rollups.roll_all()
    call = UsageRecord.objects.get(deployment_id=mine.pk)
    client = client_of(people.charlie)
    rows = shown(client).context["rows"]
    assert [row["call"].deployment_id for row in rows] == [foreign.pk]
    assert shown(client, f"?deployment={mine.pk}").context["rows"] == []
    assert len(exported(client, f"&deployment={mine.pk}")) == 0
    assert client.get(panel.url_of(call)).status_code == 404


def test_evidence_of_a_second_source_is_no_call_of_its_own(people, client_of, at):
    resource = deployment(people)
    send(events(resource, [at]), source="gateway")
    send(events(resource, [at]), source="files")
    assert UsageRecord.objects.count() == 2
    assert len(shown(client_of(people.alice)).context["rows"]) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/calls/1/1/00000000-0000-0000-0000-000000000000/",
        f"/calls/{2**40}/1/00000000-0000-0000-0000-000000000000/",
        "/calls/1/253402300799999999/00000000-0000-0000-0000-000000000000/",
        f"/calls/{10**30}/1/00000000-0000-0000-0000-000000000000/",
        f"/calls/1/{10**30}/00000000-0000-0000-0000-000000000000/",
    ],
)
def test_a_call_that_does_not_exist(people, client_of, path):
    assert client_of(people.petra).get(path).status_code == 404


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?outcome=maybe", "“maybe” is no outcome"),
        ("?slower_ms=fast", "“fast” cannot be read as milliseconds"),
        ("?slower_ms=-1", "cannot be read as milliseconds"),
        ("?period=ever", "“ever” cannot be read as period"),
        ("?format=csv&outcome=maybe", "“maybe” is no outcome"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(people, client_of, query, sentence):
    response = client_of(people.alice).get(f"/calls/{query}")
    assert response.status_code == 422
    assert sentence in response.content.decode()


def test_a_bent_cursor_is_refused(people, client_of):
    response = client_of(people.alice).get("/calls/?cursor=x")
    assert response.status_code == 400
    assert "Start again from the first page" in response.content.decode()


def test_an_empty_list_says_what_to_do(people, client_of, at):
    client = client_of(people.alice)
    assert "No usage yet" in shown(client).content.decode()
    send(events(deployment(people), [at]))
    rollups.roll_all()
    html = shown(client, "?outcome=throttled").content.decode()
    assert "No call fits these filters" in html
    assert "Show all calls of this period" in html


def test_twelve_queries_however_many_calls(people, client_of):
    seed(people, calls=120)
    client = client_of(people.petra)
    url = "/calls/?period=7d&team=claims"
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        page = client.get(url)
    assert len(page.context["rows"]) == 25
    asked = [one["sql"] for one in captured if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(asked) <= 12, "\n".join(asked)


def test_the_names_of_calls_are_one_query(people, django_assert_num_queries):
    mine, _, foreign = seed(people, calls=20)
    calls = list(UsageRecord.objects.all())
    with django_assert_num_queries(1):
        named = usage.names_of(calls)
    deployments = named[Dimension.DEPLOYMENT]
    assert (deployments[mine.pk].label, deployments[foreign.pk].label) == (mine.name, foreign.name)
    assert {one.label for one in named[Dimension.MODEL].values()} == {"gpt-5.1"}


def test_a_period_older_than_the_calls_kept_says_how_long_they_are_kept(people, client_of, at):
    send(events(deployment(people), [at]))
    rollups.roll_all()
    start = (timezone.now() - timedelta(days=settings.USAGE_RAW_DAYS + 2)).date()
    html = shown(client_of(people.alice), f"?from={start}&to={start}").content.decode()
    assert f"Single calls are kept {settings.USAGE_RAW_DAYS} days" in html
    assert f"/usage/?from={start}&amp;to={start}" in html
