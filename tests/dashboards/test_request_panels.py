"""What a decision rests on: the team's use of the model, and the cost now and after."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.capacity.services.commitments import begin_commitment
from apps.dashboards.panels.request import cost, need
from apps.kernel.money import nano
from apps.kernel.panels import SLOTS
from apps.requests.kinds import KINDS, Estimate
from apps.requests.selectors import request_for
from apps.teams.models import Membership, Person, Team
from apps.usage import rollups, selectors
from apps.usage.protocols import UNKNOWN
from tests.requests.asks import draft, plain, room, submitted
from tests.usage.batches import deployment, events, grant, send

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 10, 32, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CALL = nano("1.25") * 1000 // 10**6 + nano("10") * 100 // 10**6  # 1,000 tokens in, 100 out


@pytest.fixture(autouse=True)
def on_day_25():
    with mock.patch("django.utils.timezone.now", return_value=NOW):
        yield


@pytest.fixture
def row(people):
    room()
    return submitted(people.alice, capacity=100, requests_per_day=100)


def again(person):
    """The person as the next request reads them."""
    return Person.objects.get(pk=person.pk)


def used(resource, *times, **columns):
    send(events(resource, list(times), **columns))
    rollups.roll_dirty(day_after=timedelta(days=-100_000))
    rollups.roll_sketches(after=timedelta(days=-100_000))


def kpi(found, label):
    (one,) = [one for one in found["kpis"] if one["label"] == label]
    return plain(f"{one['value']} {one['unit']}").strip()


def page(client, row):
    response = client.get(f"/requests/{row.pk}/")
    assert response.status_code == 200
    return plain(response.content.decode())


def test_the_use_of_the_model_is_the_sum_of_its_versions_and_deployments(people, row):
    first = deployment(people)
    second = deployment(people, workload="policy-qa", version="2026-01-01")
    used(first, *[NOW - n * DAY for n in range(3)], latency_ms=2000)
    used(second, NOW - HOUR, status=429, output_tokens=0)
    used(first, NOW - 40 * DAY)
    used(deployment(people, model="gpt-5-mini"), NOW - HOUR)
    found = need(again(people.petra), request=row)
    assert kpi(found, "Requests") == "4"
    assert kpi(found, "Tokens") == "4 300"
    assert kpi(found, "95 % answered within") in ("2.0 s", "2 s")
    assert kpi(found, "Refused with 429") == "25 %"
    assert str(found["kpis"][0]["trend"]).startswith("▲ 300")


def test_another_team_and_a_guest_on_its_deployment_are_not_the_teams_use(people, row):
    theirs = deployment(people, workload="fraud-notes")
    own = deployment(people)
    grant(own, theirs.workload)
    used(theirs, NOW - HOUR)
    send(events(own, [NOW - HOUR], workload=theirs.workload, input_tokens=600_000))
    used(own, NOW - HOUR)
    found = need(again(people.petra), request=row)
    assert kpi(found, "Requests") == "1"
    # A limit is reached by everybody together: 601,200 tokens in that minute.
    answer = plain(found["figure"].answer)
    assert (
        answer == f"{own.name}: 120 % of its 500 K TPM at most, today 09:32 UTC; 1 minute above it."
    )


def test_the_figure_has_the_busiest_minute_of_each_day_against_the_limit(people, row):
    own = deployment(people, name="triage", capacity=100)
    noon = NOW.replace(hour=9, minute=0) - DAY
    minute = timedelta(seconds=59)
    used(own, noon, noon + HOUR, noon + HOUR + minute, input_tokens=29_900)
    used(own, noon + HOUR + 2 * minute, input_tokens=59_900)
    used(own, noon - DAY, input_tokens=99_900)
    figure = need(again(people.petra), request=row)["figure"]
    said = "triage: 100 % of its 100 K TPM at most, Mon 09:00 UTC; never above it."
    assert plain(figure.answer) == said
    assert figure.table_head == ("Day, UTC", "triage")
    assert figure.table_rows[-3:] == (
        ("22\u00a0Nov", "–"),
        ("23\u00a0Nov", "100.00"),
        ("24\u00a0Nov", "60.00"),
    )
    assert len(figure.table_rows) == 29  # today goes on: as the end of a line it would fall


def test_a_day_before_it_was_built_is_a_gap(people, row):
    own = deployment(people, name="triage")
    own.built_at = NOW - 2 * DAY
    own.save()
    used(own, NOW - DAY)
    rows = need(again(people.petra), request=row)["figure"].table_rows
    assert [cell for _, cell in rows[-3:]][:2] == ["–", "0.00"]


def test_what_was_built_today_has_no_line_yet(people, row):
    used(deployment(people, name="triage"), NOW - HOUR)
    figure = need(again(people.petra), request=row)["figure"]
    assert figure.empty_title == "No day is over yet"
    assert plain(figure.answer).startswith(
        "triage: 0.22 % of its 500 K TPM at most, today 09:32 UTC"
    )


def test_the_fullest_five_are_drawn_and_the_others_counted(people, row):
    for number in range(7):
        used(deployment(people, name=f"d-{number}", capacity=1 + number), NOW - DAY)
    figure = need(again(people.petra), request=row)["figure"]
    assert figure.table_head[1:] == ("d-0", "d-1", "d-2", "d-3", "d-4")
    assert figure.caption.endswith("the 5 fullest of 7")


def test_provisioned_throughput_has_no_limit_to_compare_with(people, row):
    own = deployment(people, sku="GlobalProvisionedManaged", capacity=15)
    used(own, NOW - HOUR)
    found = need(again(people.petra), request=row)
    assert found["figure"].empty_title == "There is no limit to compare with"
    assert not found["figure"].data_json
    assert kpi(found, "Requests") == "1"


def test_what_is_not_known_is_a_dash_and_none_is_zero(people, row):
    deployment(people, name="triage")
    found = need(again(people.petra), request=row)
    assert kpi(found, "Requests") == "0"
    assert kpi(found, "95 % answered within") == "–"
    assert kpi(found, "Refused with 429") == "–"
    assert found["figure"].answer == "Nobody called what the team has in 30 days."
    used(deployment(people), NOW - HOUR, latency_ms=UNKNOWN)
    assert kpi(need(again(people.petra), request=row), "95 % answered within") == "–"


def test_a_team_without_the_model_is_told_so_and_links_lead_to_its_calls(people, row, client_of):
    html = page(client_of(people.petra), row)
    assert "Claims Automation has no gpt-5.1 yet and has not called any in 30 days" in html
    used(deployment(people), NOW - HOUR)
    html = page(client_of(people.petra), row)
    assert "/usage/?period=30d&amp;team=claims&amp;model=gpt-5.1" in html
    shown = client_of(people.petra).get("/usage/?period=30d&team=claims&model=gpt-5.1")
    assert "gpt-5.1" in shown.content.decode()


def test_a_kind_without_a_model_has_no_use_to_show(people, row):
    kind = replace(KINDS.get(row.kind), facts=lambda payload: {"capacity": 4})
    with mock.patch.object(KINDS, "get", return_value=kind):
        assert need(again(people.petra), request=row) is None
        assert cost(again(people.petra), request=row) is not None


def test_cost_is_the_month_so_far_and_what_is_committed(people, row):
    claims = Team.objects.get(slug="claims")
    used(deployment(people), NOW - HOUR, NOW - 3 * DAY, NOW - 30 * DAY)
    used(deployment(people, workload="risk-notes"), NOW - HOUR)
    used(deployment(people, workload="fraud-notes"), NOW - HOUR)
    begin_commitment(subject="request:900", team=claims, list_cost_nano=nano("100"))
    begin_commitment(subject="request:901", team=claims, list_cost_nano=None)
    other = Team.objects.get(slug="underwriting")
    begin_commitment(subject="request:902", team=other, list_cost_nano=nano("7"))
    found = cost(again(people.petra), request=row)
    team, unit = found["rows"]
    assert (found["month"], team.name, unit.name) == ("November", str(claims), "Insurance")
    assert (team.month.cost_nano, unit.month.cost_nano) == (2 * CALL, 3 * CALL)
    assert (team.committed.list_cost_nano, unit.committed.list_cost_nano) == (
        nano("100"),
        nano("107"),
    )
    assert (team.committed.count, team.committed.unknown) == (2, 1)
    asked = Estimate.from_json(row.estimate)
    parts = (asked.low_nano, asked.expected_nano, asked.limit_nano)
    assert team.after == tuple(nano("100") + part for part in parts)


@pytest.mark.parametrize(
    ("act", "ends", "after"),
    [
        ("change", nano("30"), (71, 75, 90)),  # 100 now, of which 30 end; 1, 5 or 20 come
        ("change", None, (None, None, None)),
        ("renew", nano("30"), (100, 100, 100)),
        ("decommission", nano("30"), (70, 70, 70)),
    ],
)
def test_an_act_on_something_built_ends_what_that_costs(people, row, act, ends, after):
    claims = Team.objects.get(slug="claims")
    before = submitted(people.alice, capacity=1, requests_per_day=1)
    begin_commitment(subject=before.ref, team=claims, list_cost_nano=ends)
    rest = nano("100") - (ends or 0)
    begin_commitment(subject="request:900", team=claims, list_cost_nano=rest)
    parts = [nano(part) for part in ("1", "5", "20")]
    row.estimate = Estimate(*parts).as_json()
    row.act, row.about, row.before = act, "resource:1", before
    found = cost(again(people.fiona), request=row)["rows"][0].after
    assert found == tuple(None if part is None else nano(str(part)) for part in after)


def test_a_cost_that_nobody_knows_stays_unknown(people, row, client_of):
    row.estimate = Estimate(note="No price is known.").as_json()
    row.save()
    found = cost(again(people.fiona), request=row)
    assert found["rows"][0].after == (None, None, None)
    used(deployment(people, model="no-such-model"), NOW - HOUR)
    assert cost(again(people.fiona), request=row)["rows"][0].month.cost_nano is None
    assert "1 call unpriced" in page(client_of(people.fiona), row)


def test_the_requester_sees_their_team_and_not_the_unit(people, row, client_of):
    used(deployment(people), NOW - HOUR)
    (team,) = cost(again(people.alice), request=row)["rows"]
    assert team.name == "Claims Automation"
    assert kpi(need(again(people.alice), request=row), "Requests") == "1"
    assert "What it costs" in page(client_of(people.bob), row)


def test_finance_of_the_unit_sees_both_and_not_what_another_unit_paid(people, row):
    """A team that came from another unit: what it cost there is not this unit's to see."""
    claims = Team.objects.get(slug="claims")
    fraud = Team.objects.get(slug="fraud")
    own = deployment(people)
    used(own, NOW - HOUR)
    own.grants.update(to_at=NOW - 5 * DAY)
    grant(own, own.workload, days=5, business_unit=claims.business_unit)
    own.grants.filter(to_at=None).update(from_at=NOW - 5 * DAY)
    own.grants.exclude(to_at=None).update(business_unit=fraud.business_unit)
    used(own, NOW - 6 * DAY)
    finance = Person.objects.create(email="unit@northwind.example", name="Uma")
    Membership.objects.create(person=finance, role="finance", business_unit=claims.business_unit)
    month = selectors.month_of_team(again(finance), claims)
    assert (month.team.requests, month.unit.requests) == (1, 1)
    month = selectors.month_of_team(again(people.fiona), claims)
    assert (month.team.requests, month.unit.requests) == (2, 1)


def test_only_what_is_undecided_has_grounds(people, row, client_of):
    used(deployment(people), NOW - HOUR)
    row.status = "done"
    assert need(again(people.petra), request=row) is None
    assert cost(again(people.petra), request=row) is None
    typed = draft(people.alice)
    assert need(again(people.alice), request=typed) is None
    assert cost(again(people.alice), request=typed) is None


def test_grounds_keep_their_query_budget_and_read_no_raw_row(people, row):
    for number in range(6):
        used(deployment(people, name=f"d-{number}"), NOW - HOUR, latency_ms=900)
    for panel in SLOTS["request.grounds"]:
        viewer = again(people.petra)
        row = request_for(viewer, row.pk)
        assert viewer.held is not None  # who the viewer is, the page has asked already
        with CaptureQueriesContext(connection) as sent:
            assert panel.selector(viewer, request=row)
        statements = [one["sql"] for one in sent]
        assert len(statements) <= panel.queries, "\n".join(statements)
        assert not [sql for sql in statements if "usage_record" in sql]
