"""One reading of a period says what single questions say, of every dimension and filter."""

import dataclasses
import itertools
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.teams.models import Team
from apps.usage import rollups
from apps.usage import selectors as usage
from apps.usage.selectors.cube import _pieces
from apps.usage.states import Dimension, Grain
from tests.usage.batches import deployment, events, send

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def traffic(people, now):
    """Four days of calls each hour: three deployments, two of them of one model."""
    times = [now - n * HOUR for n in range(1, 96)]
    made = [
        deployment(people, name="triage"),
        deployment(people, workload="policy-qa", name="qa", version="2025-08-07"),
        deployment(people, workload="fraud-notes", name="notes", model="gpt-5-mini"),
    ]
    for number, resource in enumerate(made, 1):
        send(events(resource, times, input_tokens=[number * n for n in range(1, 96)]))
    rollups.roll_all()
    return made


def of(period, now):
    """Name the lengths of a period and its edges at midnight and inside a day."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "days": usage.Period(midnight - timedelta(days=1), midnight + timedelta(days=1), Grain.DAY),
        "hours": usage.Period(midnight - 5 * HOUR, midnight + HOUR, Grain.HOUR),
        "both": usage.Period(midnight - 30 * HOUR, midnight + HOUR, Grain.HOUR),
    }[period]


@pytest.mark.parametrize("period", ["days", "hours", "both"])
@pytest.mark.parametrize(
    "where", [{}, {Dimension.TEAM: ["claims"]}, {Dimension.MODEL: ["gpt-5.1"]}]
)
def test_it_says_what_single_questions_say(people, traffic, now, period, where):
    found = usage.cube_of(people.petra, of(period, now), where)
    for by in (None, *Dimension):
        single = usage.ask(people.petra, usage.Question(of(period, now), by, where))
        answer = found.answer(by)
        assert answer.total == single.total
        assert answer.total.requests
        assert answer.before == single.before
        assert [(g.name, g.sums, g.ids) for g in answer.groups] == [
            (g.name, g.sums, g.ids) for g in single.groups
        ]
        if by:
            parts = [found.before(by, group) for group in found.answer(by, top=None).groups]
            assert usage.added(parts) == answer.before


def test_versions_of_a_model_are_one_group(people, traffic, now):
    found = usage.cube_of(people.petra, of("days", now), {})
    assert [group.label for group in found.answer(Dimension.MODEL).groups] == [
        "gpt-5.1",
        "gpt-5-mini",
    ]


def test_a_filter_offers_what_the_other_filters_leave(people, traffic, now):
    found = usage.cube_of(people.petra, of("days", now), {Dimension.MODEL: ["gpt-5.1"]})
    assert {one.label for one in found.values(Dimension.MODEL)} == {"gpt-5.1", "gpt-5-mini"}
    assert {one.key for one in found.values(Dimension.TEAM)} == {"claims"}
    assert found.called(Dimension.TEAM, "claims") == "Claims Automation"
    assert found.called(Dimension.TEAM, "nobody") == "nobody"


def test_nobody_sees_or_filters_by_what_is_not_theirs(people, traffic, now):
    foreign = Team.objects.get(slug="claims")
    found = usage.cube_of(people.charlie, of("days", now), {})
    assert [group.label for group in found.answer(Dimension.DEPLOYMENT).groups] == ["notes"]
    assert foreign.slug not in {one.key for one in found.values(Dimension.TEAM)}
    asked = usage.cube_of(people.charlie, of("days", now), {Dimension.TEAM: [foreign.slug]})
    assert asked.answer().total.requests == 0


def test_what_is_unknown_filters_to_nothing(people, traffic, now):
    found = usage.cube_of(people.petra, of("days", now), {Dimension.TEAM: ["nobody"]})
    assert found.answer(Dimension.TEAM).groups == []
    assert found.answer().total == usage.Sums()


def test_hours_of_the_day_are_means_of_the_hours_that_were(people, traffic, now):
    end = now.replace(minute=0, second=0, microsecond=0)
    period = usage.Period(end - 48 * HOUR, end, Grain.HOUR)
    present, before = usage.requests_by_hour(usage.cube_of(people.petra, period, {}))
    assert present == [3.0] * 24
    assert sum(before) == pytest.approx(3 * 47 / 2, abs=2)  # the first call is 95 hours ago


def test_it_asks_two_queries_of_rollups(people, traffic, now):
    assert people.petra.held
    usage.cube_of(people.petra, of("days", now), {})
    with CaptureQueriesContext(connection) as captured:
        usage.cube_of(people.petra, of("days", now), {Dimension.TEAM: ["claims"]})
    assert len(captured) == 2
    assert not [query for query in captured if "usage_record" in query["sql"]]


def test_whole_days_are_read_as_days_and_the_edges_as_hours(now):
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    pieces = _pieces(usage.Period(noon - timedelta(days=2), noon, Grain.DAY))
    assert [name for name, *_ in pieces] == ["usage_hour", "usage_day", "usage_hour"]
    assert (pieces[0][2], pieces[-1][3]) == (noon - timedelta(days=2), noon)
    assert all(one[3] == other[2] for one, other in itertools.pairwise(pieces))


def test_the_hour_that_goes_on_is_in_no_mean(people, traffic, now):
    send(events(traffic[0], [now]))
    rollups.roll_all()
    start = now.replace(minute=0, second=0, microsecond=0) - 23 * HOUR
    period = usage.Period(start, start + 24 * HOUR, Grain.HOUR)
    present, _ = usage.requests_by_hour(usage.cube_of(people.petra, period, {}))
    assert present[now.hour] is None
    assert present.count(3.0) == 23


@pytest.mark.parametrize("grain", [Grain.HOUR, Grain.DAY, Grain.MONTH])
@pytest.mark.parametrize("period", ["days", "hours", "both"])
def test_steps_of_any_width_sum_to_the_total(people, traffic, now, period, grain):
    asked = dataclasses.replace(of(period, now), grain=grain)
    answer = usage.cube_of(people.petra, asked, {}).answer(Dimension.WORKLOAD)
    lines = [sums for _, line in usage.over_time(answer).lines for sums in line]
    assert usage.added(lines) == answer.total
