"""A deployment's page says how near its limit it comes, minute by minute."""

import csv
import io
from datetime import timedelta

import pytest

from apps.dashboards.panels.deployment import said
from apps.kernel import formats
from apps.teams.models import Workload
from apps.usage import rollups, selectors
from tests.dashboards import waiting
from tests.dashboards.waiting import built, busy
from tests.usage.batches import events, grant, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def evening():
    return waiting.evening()


def shown(client, resource, query=""):
    response = client.get(f"/resources/{resource.pk}/{query}")
    assert response.status_code == 200
    return response.content.decode()


def plain(text):
    return text.replace(formats.NBSP, " ")


def test_it_counts_the_minutes_above_the_limit(people, client_of, evening):
    resource = built(people)
    busy(resource, evening)
    html = shown(client_of(people.alice), resource)
    sentence = "15 of 60 minutes above your 500 K TPM (peak 780 667 at 18:43 UTC)"
    assert sentence in plain(html)
    assert "dashed: 500 K TPM" in plain(html)
    hour = (evening, evening + timedelta(hours=1))
    found = selectors.minutes(people.alice, resource, *hour)
    load = selectors.load(found, selectors.limit_tpm(resource), *hour)
    assert plain(said(load)) == sentence


def test_sixty_minutes_across_two_hours_count_where_they_are_above_more_often(
    people, client_of, evening
):
    resource = built(people)
    busy(resource, evening + timedelta(minutes=25))
    html = plain(shown(client_of(people.alice), resource))
    assert "15 of 60 minutes above your 500 K TPM (peak 780 667 at 19:08 UTC)" in html
    assert "18:25–19:24 UTC" in html
    one = shown(client_of(people.alice), resource, f"?day={evening:%Y-%m-%d}&hour=18")
    assert "6 of 60 minutes above your 500 K TPM (peak 500 001 at 18:54 UTC)" in plain(one)


def test_exactly_the_limit_is_not_above_it(people, client_of, evening):
    resource = built(people, capacity=499)
    busy(resource, evening, above=0)
    html = plain(shown(client_of(people.alice), resource))
    assert "No minute above your 499 K TPM (peak 499 000 at 18:00 UTC)" in html


def test_a_day_and_an_hour_can_be_chosen(people, client_of, evening):
    resource = built(people)
    busy(resource, evening)
    send(events(resource, [evening - timedelta(days=3, hours=9)] * 2))
    rollups.roll_all()
    client = client_of(people.alice)
    day = evening - timedelta(days=3)
    html = plain(shown(client, resource, f"?day={day:%Y-%m-%d}"))
    assert "No minute above your 500 K TPM (peak 2 200 at 09:00 UTC)" in html
    html = plain(shown(client, resource, f"?day={evening:%Y-%m-%d}&hour=7"))
    assert "07:00–07:59 UTC" in html
    assert "No calls on" in html
    assert f"?day={evening:%Y-%m-%d}&amp;hour=18" in html


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?day=tomorrow", "“tomorrow” cannot be read as a day"),
        ("?day=0001-01-01", "“0001-01-01” cannot be read as a day"),
        ("?day=2026-11-16&hour=24", "“24” is no hour of a day"),
        ("?hour=00999999999999", "“00999999999999” is no hour of a day"),
        ("?hour=-1", "“-1” is no hour of a day"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence_and_the_last_day(
    people, client_of, evening, query, sentence
):
    resource = built(people)
    busy(resource, evening)
    html = plain(shown(client_of(people.alice), resource, query))
    assert sentence in html
    assert "15 of 60 minutes above" in html


def test_provisioned_throughput_has_no_tpm_limit(people, client_of, evening):
    resource = built(people, sku="GlobalProvisionedManaged", capacity=15)
    busy(resource, evening)
    html = plain(shown(client_of(people.alice), resource))
    assert "Its busiest minute had 780 667 tokens, at 18:43 UTC. It has no TPM limit." in html
    assert "dashed" not in html


def test_the_limit_is_reached_by_everybody_together(people, client_of, evening):
    """Another team's calls count against the limit, though its usage is not shown."""
    resource = built(people)
    guest = Workload.objects.get(slug="fraud-notes")
    grant(resource, guest)
    send(events(resource, [evening], input_tokens=400_000))
    send(events(resource, [evening], input_tokens=400_000, workload=guest))
    rollups.roll_all()
    html = plain(shown(client_of(people.alice), resource))
    assert "1 of 60 minutes above your 500 K TPM (peak 800 200 at 18:00 UTC)" in html
    assert '400.1<span class="p-unit">K<' in html
    assert "Figures: calls of your teams. Chart: everybody who calls it" in html
    assert "as of" in html
    assert "no call of yours" not in html
    assert "Figures: calls of your teams" not in shown(client_of(people.petra), resource)


def test_figures_of_who_has_not_called_it_say_so(people, client_of, evening):
    """The chart has another team's calls, the figures have none."""
    resource, guest = built(people), Workload.objects.get(slug="fraud-notes")
    grant(resource, guest)
    send(events(resource, [evening], input_tokens=400_000, workload=guest))
    rollups.roll_all()
    html = plain(shown(client_of(people.alice), resource))
    assert "peak 400 100 at 18:00 UTC" in html
    assert html.count("no call of yours") == 4


def test_nobody_has_called_it_yet(people, client_of):
    html = shown(client_of(people.alice), built(people))
    assert "Nobody has called it yet" in html
    assert "tell of each call within a minute" in html


def test_it_leads_to_its_usage_latency_and_calls(people, client_of, evening):
    resource = built(people)
    busy(resource, evening)
    html = shown(client_of(people.alice), resource)
    for page in ("usage", "latency", "calls"):
        assert f"/{page}/?deployment={resource.pk}" in html


def file_of(client, resource, query=""):
    response = client.get(f"/resources/{resource.pk}/minutes/{query}")
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.getvalue().decode())))


def test_the_minutes_come_as_a_file(people, client_of, evening):
    resource = built(people)
    busy(resource, evening)
    at = evening - timedelta(hours=9)
    send(events(resource, [at] * 3, status=[200, 429, 200], latency_ms=[100, 200, 300]))
    rollups.roll_all()
    client = client_of(people.alice)
    day = f"?day={evening:%Y-%m-%d}"
    html = shown(client, resource, f"{day}&hour=18").replace("&amp;", "&")
    assert f"/resources/{resource.pk}/minutes/{day}&hour=18" in html
    rows = file_of(client, resource, f"{day}&hour=18")
    assert (len(rows), rows[0]["minute"]) == (60, f"{evening:%Y-%m-%dT%H:%M:%SZ}")
    assert max(int(row["tokens"]) for row in rows) == 780_667
    assert sum(int(row["tokens"]) > int(row["limit_tpm"]) for row in rows) == 15
    first, *others = file_of(client, resource, day)
    assert (first["requests"], first["throttled"], first["p50_ms"]) == ("3", "1", "100")
    assert others == rows
    assert file_of(client, resource) == [first, *rows]


def test_a_file_of_minutes_of_a_provisioned_one_has_no_limit(people, client_of, evening):
    resource = built(people, sku="GlobalProvisionedManaged", capacity=15)
    send(events(resource, [evening]))
    rollups.roll_all()
    (row,) = file_of(client_of(people.alice), resource)
    assert (row["limit_tpm"], row["p95_ms"]) == ("", "")


def test_a_file_of_minutes_says_what_it_cannot_read_and_is_nobody_elses(people, client_of, evening):
    resource = built(people)
    busy(resource, evening)
    path = f"/resources/{resource.pk}/minutes/"
    assert client_of(people.charlie).get(path).status_code == 404
    wrong = client_of(people.alice).get(f"{path}?hour=24")
    assert (wrong.status_code, "no hour of a day" in wrong.content.decode()) == (422, True)
    assert file_of(client_of(people.alice), built(people)) == []


def test_charlie_does_not_see_it(people, client_of, evening):
    resource = built(people)
    busy(resource, evening)
    assert client_of(people.charlie).get(f"/resources/{resource.pk}/").status_code == 404
