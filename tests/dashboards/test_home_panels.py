"""Home, for the three people it is for: the same sums as raw rows, and nothing of others."""

import re
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.dashboards.panels.home import admin, finance, lead, words
from apps.kernel.money import nano
from apps.teams.models import Person
from apps.usage import rollups
from apps.usage.protocols import UNKNOWN
from tests.approvals.test_inbox import waiting
from tests.capacity.pools import pool
from tests.requests.asks import plain
from tests.usage.batches import deployment, events, send

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 10, 32, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BUILT = {
    "account": "aoai-1",
    "endpoint": "https://aoai-1.openai.azure.com/",
    "content_filter": "Microsoft.DefaultV2",
    "upgrade": "OnceCurrentVersionExpired",
}
CALL = nano("1.25") * 1000 // 10**6 + nano("10") * 100 // 10**6  # 1,000 tokens in, 100 out


@pytest.fixture(autouse=True)
def on_day_25():
    with mock.patch("django.utils.timezone.now", return_value=NOW):
        yield


def again(person):
    """The person as the next request reads them."""
    return Person.objects.get(pk=person.pk)


def built(people, workload="claims-triage", **facts):
    return deployment(people, workload=workload, **{**BUILT, **facts})


def used(resource, *times, **columns):
    send(events(resource, list(times), **columns))
    roll()


def roll():
    """Add up all; the database's clock may be ahead of the day that these tests are set on."""
    rollups.roll_dirty(day_after=timedelta(days=-100_000))
    rollups.roll_sketches(after=timedelta(days=-100_000))


def home(client):
    page = client.get("/").content.decode()
    return plain(page[page.index("<main") :])


def kpi(panel, viewer, label):
    (found,) = [one for one in panel(again(viewer))["kpis"] if one["label"] == label]
    return found


def test_a_lead_sees_the_month_by_workload_against_the_same_days(people):
    own, other = built(people), built(people, "policy-qa")
    used(own, *[NOW - n * DAY for n in range(3)])
    used(own, datetime(2026, 10, 25, 9, tzinfo=UTC))
    used(own, datetime(2026, 10, 25, 12, tzinfo=UTC))  # after the same hour: not compared
    used(other, NOW - HOUR)
    found = lead.cost(again(people.alice))
    assert found["month"] == "November"
    assert found["total"].cost_nano == 4 * CALL
    assert str(found["trend"]) == "▲ 300\xa0% on the same days of October"
    assert found["rows"] == [("claims-triage", 3 * CALL), ("policy-qa", CALL)]


def test_parts_sum_to_the_total_with_others(people):
    from apps.teams.models import Team, Workload

    team = Team.objects.get(slug="claims")
    for number in range(6):
        Workload.objects.create(team=team, slug=f"w-{number}", active_from=NOW.date())
        used(built(people, f"w-{number}"), *[NOW - n * HOUR for n in range(6 - number)])
    found = lead.cost(again(people.alice))
    assert [label for label, _ in found["rows"]] == ["w-0", "w-1", "w-2", "w-3", "2 others"]
    assert sum(cost for _, cost in found["rows"]) == found["total"].cost_nano == 21 * CALL


def test_a_lead_sees_nothing_of_other_teams(people, client_of):
    used(built(people, "fraud-notes"), NOW - HOUR)
    assert lead.cost(again(people.alice))["total"].requests == 0
    assert "fraud-notes" not in home(client_of(people.alice))
    assert "No call yet in November" in home(client_of(people.alice))


def test_the_week_has_its_own_figures(people):
    own = built(people)
    used(own, *[NOW - n * DAY for n in range(7)], latency_ms=900)
    used(own, NOW - 8 * DAY)
    used(own, NOW - HOUR, status=429, output_tokens=0, latency_ms=5)
    tokens = kpi(lead.figures, people.alice, "Tokens, last 7 days")
    assert (tokens["value"], tokens["unit"]) == ("8\xa0700", "")
    assert str(tokens["trend"]) == "▲ 691\xa0% on the week before"
    assert tokens["spark"] == [1100] * 6
    throttled = kpi(lead.figures, people.alice, "Throttled, last 7 days")
    assert (throttled["value"], throttled["unit"]) == ("12", "%")
    assert throttled["trend"].tone == "bad"
    latency = kpi(lead.figures, people.alice, "Latency p95, last 24 h")
    assert float(latency["value"]) == pytest.approx(0.9, rel=0.02)
    assert latency["foot"] == "of 1\xa0answer, ± 1\xa0%"


def test_figures_say_until_when_they_are_true(people, client_of):
    used(built(people), NOW - HOUR)
    with connection.cursor() as cursor:  # a call that is not yet added up
        cursor.execute("UPDATE usage_fillstate SET at = %s WHERE name = 'hours'", [NOW - HOUR])
    for panel, person, label in (
        (lead.figures, people.alice, "Tokens, last 7 days"),
        (finance.figures, people.fiona, "November to date"),
    ):
        assert plain(kpi(panel, person, label)["foot"]) == "as of 09:32 UTC"
    assert plain(kpi(admin.figures, people.petra, "Ingest lag")["foot"]).endswith("as of 10:32 UTC")
    assert "as of 09:32 UTC" in home(client_of(people.alice))


def test_an_unknown_latency_is_a_dash_not_zero(people):
    used(built(people), NOW - HOUR, latency_ms=UNKNOWN)
    found = kpi(lead.figures, people.alice, "Latency p95, last 24 h")
    assert (found["value"], found["unit"]) == ("–", "")
    assert found["foot"] == "no source told a latency"
    (row,) = lead.deployments(again(people.alice))["rows"]
    assert row["p95"] is None


def test_a_deployment_shows_its_busiest_hour_with_the_load_of_everybody(people):
    from apps.teams.models import Workload
    from tests.usage.batches import grant

    own = built(people, capacity=1)
    theirs = Workload.objects.get(slug="fraud-notes")
    grant(own, theirs)
    used(own, NOW - HOUR, input_tokens=60_000, output_tokens=0)
    send(events(own, [NOW - HOUR], workload=theirs, input_tokens=30_000, output_tokens=0))
    roll()
    (row,) = lead.deployments(again(people.alice))["rows"]
    assert row["load"]["tpm"] == 1500
    assert row["load"]["text"] == "1.5 / 1.0"
    assert row["load"]["tone"] == "warn"
    assert row["load"]["at"] == (NOW - HOUR).replace(minute=0)
    assert row["cost_nano"] == nano("1.25") * 60_000 // 10**6  # what one may see, only


def test_a_deployment_without_calls_or_limit_has_words_for_it(people):
    built(people, sku="GlobalProvisionedManaged", capacity=15)
    (row,) = lead.deployments(again(people.alice))["rows"]
    assert row["load"]["text"] == "0 / –"
    assert row["load"]["limit"] is None
    assert row["p95"] is None
    assert row["cost_nano"] == 0


@pytest.mark.parametrize("who", ["petra", "jonas", "sami", "audra", "fiona"])
def test_who_asks_for_nothing_has_no_team_panels(people, who):
    person = again(getattr(people, who))
    assert [panel(person) for panel in (lead.cost, lead.figures, lead.deployments)] == [None] * 3


@pytest.mark.parametrize("who", ["alice", "bob", "petra", "jonas", "sami", "audra"])
def test_who_pays_for_nothing_has_no_money_panels(people, who):
    person = again(getattr(people, who))
    panels = (finance.headline, finance.figures, finance.month_by_unit)
    assert [panel(person) for panel in panels] == [None] * 3


@pytest.mark.parametrize("who", ["alice", "fiona", "jonas", "sami", "audra"])
def test_who_runs_nothing_has_no_ingest_panels(people, who):
    person = again(getattr(people, who))
    assert admin.figures(person) is None
    assert admin.ingest(person) is None


def test_finance_reads_where_the_month_stands(people, client_of):
    used(built(people), *[NOW - n * HOUR for n in range(3)])
    used(built(people, "fraud-notes"), NOW - HOUR, input_tokens=1_000_000)
    used(built(people), datetime(2026, 10, 2, tzinfo=UTC), input_tokens=1_000_000)
    page = home(client_of(people.fiona))
    assert "November is at 1.26 USD on day 25" in page
    units = finance.month_by_unit(again(people.fiona))
    rows = [(one.name.label, one.now.cost_nano, share) for one, _, share in units["units"]]
    assert rows == [
        ("Retail Bank", nano("1.251"), "99\xa0%"),
        ("Insurance", 3 * CALL, "0.54\xa0%"),
    ]
    assert sum(cost for _, cost, _ in rows) == units["total"].cost_nano
    assert [(one.name.label, change) for one, change in units["up"]] == [
        ("fraud-notes", nano("1.251"))
    ]
    ((one, change),) = units["down"]
    assert (one.name.label, change) == ("claims-triage", 3 * CALL - nano("1.251"))


def test_a_workload_that_stopped_moves_the_bill_too(people):
    used(built(people), datetime(2026, 10, 2, tzinfo=UTC))
    found = finance.month_by_unit(again(people.fiona))
    assert [(one.name.label, change) for one, change in found["down"]] == [("claims-triage", -CALL)]
    assert found["up"] == []


def test_calls_without_a_price_are_counted_and_named(people, client_of):
    used(built(people), NOW - HOUR)
    assert finance.month_by_unit(again(people.fiona))["unpriced"] is None
    lost = built(people, model="no-such-model", version="1")
    used(lost, NOW - HOUR, NOW - 2 * HOUR)
    found = finance.month_by_unit(again(people.fiona))["unpriced"]
    assert [(one.name.label, one.now.unpriced) for one in found["rows"]] == [(lost.name, 2)]
    page = home(client_of(people.fiona))
    assert "2 calls have no price and are in no amount." in page
    assert "Ask a platform admin to load the price" in page
    assert "2 calls have no list price and are in no amount" in home(client_of(people.alice))


def test_a_month_without_any_price_is_a_dash(people):
    used(built(people, model="no-such-model", version="1"), NOW - HOUR)
    found = finance.headline(again(people.fiona))
    assert found["headline"] == "November has no priced call by day 25"
    to_date = kpi(finance.figures, people.fiona, "November to date")
    assert (to_date["value"], to_date["unit"]) == ("–", "")
    assert lead.cost(again(people.alice))["total"].cost_nano is None


def test_an_empty_platform_has_words_for_it(people, client_of):
    finance_page = home(client_of(people.fiona))
    assert "November is at 0.00 USD on day 25" in finance_page
    assert "There is nothing on the same days of October to compare with." in finance_page
    assert "No call yet this month or the last" in finance_page
    assert "Nothing is built yet" in home(client_of(people.alice))
    assert "No source has sent anything yet" in home(client_of(people.petra))


def test_an_admin_sees_how_ingest_does(people, client_of):
    used(built(people), NOW - HOUR, NOW - 200 * DAY)
    page = home(client_of(people.petra))
    assert "24 h: 1 stored, 1 refused" in page
    assert re.search(r">gateway</th>\s*<td [^>]*>\s*<time [^>]*>today 09:32</time>", page)
    assert "has never run. Is the worker up?" in page


@pytest.mark.parametrize("who", ["alice", "petra", "fiona"])
def test_home_asks_twelve_queries_at_most_and_none_of_raw_rows(people, client_of, who):
    pool(4000, used=2690)
    waiting(people, 2)
    used(built(people), NOW - HOUR, latency_ms=900)
    used(built(people, model="no-such-model", version="1"), NOW - HOUR)
    client = client_of(getattr(people, who))
    home(client)
    with CaptureQueriesContext(connection) as asked:
        home(client)
    said = [q["sql"] for q in asked if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert 7 <= len(said) <= 12, "\n".join(said)
    assert not [sql for sql in said if "FROM usage_record" in sql]


@pytest.mark.parametrize(
    ("count", "said"), [(4200, ("4\xa0200", "")), (871_300_000, ("871.3", "M")), (0, ("0", ""))]
)
def test_a_count_is_parted_from_its_unit_only_where_it_has_one(count, said):
    assert words.short(count) == said


def test_the_words_of_finance_and_of_ingest_say_what_is_meant(people, client_of):
    petra = client_of(people.petra)
    assert "The pass over new rows never ran" in petra.get(reverse("usage_ingest")).content.decode()
    used(built(people), NOW - DAY)
    told = petra.get(reverse("usage_ingest")).content.decode()
    assert "after its oldest row came" in told
    assert "Totals are behind" not in told
    finance = client_of(people.fiona).get("/").content.decode()
    assert "USD, change on the same days of October" in finance
