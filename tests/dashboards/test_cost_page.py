"""The page of list cost adds up to the nano, step by step from unit to deployment."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.teams.models import BusinessUnit, Team
from apps.teams.roles import Role
from apps.usage import rollups
from apps.usage.states import Dimension
from tests.dashboards import traffic
from tests.usage.batches import deployment, events, send

pytestmark = pytest.mark.django_db
PERIOD = "period=30d"


@pytest.fixture
def made(people):
    return traffic.make(people)


def raw(condition="true"):
    """Return calls, unpriced calls and nano of the last 30 days."""
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE list_cost_nano IS NULL), "  # noqa: S608
            "coalesce(sum(list_cost_nano), 0)::bigint FROM usage_record "
            f"WHERE ts >= %s AND ts < %s AND {condition}",
            [end - timedelta(days=30), end],
        )
        return cursor.fetchone()


def read(response):
    return list(csv.DictReader(io.StringIO(b"".join(response).decode())))


def labels(response):
    return [row.label for row in response.context["rows"]]


def test_a_month_by_business_unit_is_what_it_opens_with(people, client_of, made):
    context = client_of(people.fiona).get("/cost/").context
    assert context["asked"].period.name == "month"
    assert context["by"] == Dimension.BU


def test_the_way_down_keeps_period_and_filters_and_adds_up(people, client_of, made):
    client = client_of(people.fiona)
    page = client.get(f"/cost/?{PERIOD}&model=gpt-5.1")
    assert set(labels(page)) == {"Insurance", "Retail Bank"}
    levels, expected = (
        [],
        [raw("model_id IN (SELECT id FROM usage_modelkey WHERE model = 'gpt-5.1')")],
    )
    while True:
        levels.append(page.context["by"])
        total = page.context["answer"].total
        assert (total.requests, total.unpriced, total.list_cost_nano) == expected[-1]
        rows = page.context["rows"]
        assert sum(row.sums.list_cost_nano for row in rows) == total.list_cost_nano
        if levels[-1] == Dimension.DEPLOYMENT:
            break
        row = next(
            row for row in rows if row.label in ("Insurance", "Claims Automation", "claims-triage")
        )
        assert "period=30d" in row.url
        assert "model=gpt-5.1" in row.url
        expected.append((row.sums.requests, row.sums.unpriced, row.sums.list_cost_nano))
        page = client.get(f"/cost/{row.url}")
    assert levels == [Dimension.BU, Dimension.TEAM, Dimension.WORKLOAD, Dimension.DEPLOYMENT]
    assert page.context["rows"][0].url == reverse("resource", args=[made.triage.pk])
    crumbs = page.context["crumbs"]
    names = ["All business units", "Insurance", "Claims Automation", "claims-triage"]
    assert [crumb["label"] for crumb in crumbs] == names
    back = client.get(crumbs[1]["url"])
    assert back.context["by"] == Dimension.TEAM
    assert client.get(crumbs[0]["url"]).context["answer"].total.list_cost_nano == expected[0][2]


def test_a_lead_begins_at_her_team_and_a_unit_at_its_teams(people, client_of, made):
    context = client_of(people.alice).get(f"/cost/?{PERIOD}").context
    assert context["by"] == Dimension.WORKLOAD
    assert [crumb["label"] for crumb in context["crumbs"]] == ["Claims Automation"]
    unit = BusinessUnit.objects.get(slug="insurance")
    people.jonas.memberships.all().delete()
    people.jonas.memberships.create(role=Role.FINANCE, business_unit=unit)
    context = client_of(people.jonas).get(f"/cost/?{PERIOD}").context
    assert context["by"] == Dimension.TEAM
    assert [crumb["label"] for crumb in context["crumbs"]] == ["Insurance"]
    people.dora.memberships.create(role=Role.REQUESTER, team=Team.objects.get(slug="claims"))
    assert client_of(people.dora).get(f"/cost/?{PERIOD}").context["by"] == Dimension.TEAM


def test_a_foreign_team_shows_nothing(people, client_of, made):
    client = client_of(people.charlie)
    assert labels(client.get(f"/cost/?{PERIOD}")) == ["fraud-notes"]
    page = client.get(f"/cost/?{PERIOD}&bu=insurance")
    assert page.context["nothing"]
    assert "Insurance" not in page.content.decode()
    assert read(client.get(f"/cost/?{PERIOD}&bu=insurance&format=csv")) == []


def test_unpriced_calls_are_counted_and_said_and_in_no_sum(people, client_of, made):
    page = client_of(people.fiona).get(f"/cost/?{PERIOD}")
    calls, unpriced, nano = raw()
    assert unpriced > 0
    assert page.context["answer"].total.list_cost_nano == nano
    text = page.content.decode().replace("\u00a0", " ")
    assert f"{unpriced} of {calls} calls have no price in force (no-such-model)." in text
    only = client_of(people.fiona).get(f"/cost/?{PERIOD}&deployment={made.qa.pk}")
    assert '<td class="n" data-l="List cost, USD">–</td>' in only.content.decode()
    priced = client_of(people.fiona).get(f"/cost/?{PERIOD}&deployment={made.notes.pk}")
    assert "no price in force" not in priced.content.decode()


def test_files_have_every_nano(people, client_of, made):
    client = client_of(people.fiona)
    nano = raw()[2]
    page = client.get(f"/cost/?{PERIOD}")
    for url in (page.context["csv_url"], page.context["figures"][0][0].csv_url):
        rows = read(client.get(f"/cost/{url}"))
        costs = [row["list_cost"] for row in rows if row["list_cost"]]
        assert sum(Decimal(cost) for cost in costs).scaleb(9) == nano
        assert all(len(cost.partition(".")[2]) == 9 for cost in costs)
    assert client.get("/cost/?format=csv&figure=moon").status_code == 404


def test_the_change_is_against_the_same_time_before(people, client_of):
    traffic.make(people)
    page = client_of(people.fiona).get("/cost/?period=7d")
    change = page.context["change"]
    answer = page.context["answer"]
    assert answer.before.list_cost_nano > 0
    wanted = answer.total.list_cost_nano / answer.before.list_cost_nano - 1
    assert change.way == ("up" if wanted > 0 else "down")
    assert "on the week before" in page.content.decode()
    rows = read(client_of(people.fiona).get("/cost/?period=7d&format=csv"))
    before = sum(Decimal(row["list_cost_before"]) for row in rows)
    assert before.scaleb(9) == answer.before.list_cost_nano


def test_months_lead_back_and_never_past_the_present(people, client_of, made):
    client = client_of(people.fiona)
    present = client.get("/cost/").context["months"]
    assert [month["current"] for month in present] == [False, True]
    past = client.get(f"/cost/{present[0]['url']}").context
    assert [month["current"] for month in past["months"]] == [False, True, False]
    assert past["months"][-1]["label"] == present[-1]["label"]


def test_an_address_that_cannot_be_read_gets_a_sentence(people, client_of):
    response = client_of(people.fiona).get("/cost/?period=month&month=2026-99")
    assert response.status_code == 422
    assert "cannot be read as month" in response.content.decode()


@pytest.mark.parametrize("query", ["", "?bu=insurance", "?team=claims&period=30d"])
def test_few_queries_and_none_of_raw_rows(people, client_of, made, query):
    client = client_of(people.fiona)
    client.get(f"/cost/{query}")
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"/cost/{query}").status_code == 200
    asked = [one["sql"] for one in captured if "SAVEPOINT" not in one["sql"]]
    assert len(asked) <= 12, "\n".join(asked)
    assert not [sql for sql in asked if "usage_record" in sql]


def test_the_figure_leads_to_its_calls(people, client_of, made):
    figure = client_of(people.fiona).get(f"/cost/?{PERIOD}&team=claims").context["figures"][0][0]
    assert figure.rows_url == f"/calls/?{PERIOD}&team=claims"


def test_where_nothing_moved_it_says_so(people, client_of):
    resource, now = deployment(people), timezone.now()
    send(events(resource, [now - timedelta(days=days) for days in (3, 10)]))
    rollups.roll_all()
    page = client_of(people.fiona).get("/cost/?period=7d")
    assert page.context["kpis"][3]["foot"] == "nothing moved"
    longer = client_of(people.fiona).get("/cost/?period=30d")
    assert longer.context["kpis"][3]["foot"] == "nothing before to compare with"


def test_months_are_written_in_full(people, client_of, made):
    asked = client_of(people.fiona).get("/cost/?period=month&month=2026-11").context["asked"]
    assert asked.against.endswith(" October")
