"""Totals, groups, steps of time, percentiles and minutes say what the raw rows say."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.http import QueryDict

from apps.kernel.errors import InvalidError
from apps.teams.models import Workload
from apps.usage import rollups
from apps.usage import selectors as usage
from apps.usage.selectors.period import read_period
from apps.usage.states import Dimension, Grain, Metric
from tests.usage.batches import deployment, events, grant, send

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = NOON.replace(hour=0)
WEEK = usage.Period(DAY - timedelta(days=6), DAY + timedelta(days=1), Grain.DAY)


@pytest.fixture
def traffic(people):
    """Two deployments of alice's team and one of charlie's, with calls on two days."""
    rng = np.random.default_rng(7)
    mine = deployment(people, name="mine")
    other = deployment(people, workload="policy-qa", name="other", model="gpt-5-mini")
    foreign = deployment(people, workload="fraud-notes", name="foreign")
    for resource, calls in ((mine, 400), (other, 50), (foreign, 30)):
        times = [NOON + timedelta(seconds=int(s)) for s in rng.integers(-90_000, 3_000, calls)]
        latency = np.maximum(rng.lognormal(7, 1, calls).astype(int), 1)
        status = np.where(rng.random(calls) < 0.1, 429, 200)
        send(
            events(
                resource,
                times,
                latency_ms=latency,
                ttft_ms=latency // 3,
                status=status,
                input_tokens=rng.integers(1, 5000, calls),
            )
        )
    rollups.roll_all()
    return mine, other, foreign


def ask(viewer, **question):
    return usage.ask(viewer, usage.Question(question.pop("period", WEEK), **question))


def raw(**where):
    from apps.usage.models import UsageRecord

    return UsageRecord.objects.filter(**where)


def test_the_parts_sum_to_the_total(people, traffic):
    for by in Dimension:
        answer = ask(people.petra, by=by, top=1)
        assert usage.added(group.sums for group in answer.groups) == answer.total
        series = usage.over_time(answer)
        assert usage.added(s for _, line in series.lines for s in line) == answer.total
    assert answer.total.requests == 480
    assert answer.total.list_cost_nano == sum(raw().values_list("list_cost_nano", flat=True))


def test_each_sees_what_is_theirs(people, traffic):
    assert ask(people.alice).total.requests == 450
    assert ask(people.dora).total.requests == 0
    assert ask(people.charlie).total.requests == 30
    assert ask(people.audra).total.requests == 480
    assert ask(people.alice, where={Dimension.TEAM: ["fraud"]}).total.requests == 0
    assert ask(people.charlie, where={Dimension.TEAM: ["no-such-team"]}).total.requests == 0


def test_hours_and_days_say_the_same(people, traffic):
    by_hour = usage.Period(WEEK.start, WEEK.end, Grain.HOUR)
    one = usage.over_time(ask(people.petra))
    other = usage.over_time(ask(people.petra, period=by_hour))
    assert len(other.steps) == 24 * 7
    total = [usage.added(s for _, line in series.lines for s in line) for series in (one, other)]
    assert total[0] == total[1]


def test_the_period_before(people, traffic):
    day = usage.Period(DAY, DAY + timedelta(days=1), Grain.HOUR, "custom")
    answer = ask(people.petra, period=day)
    assert answer.before.requests == raw(ts__lt=DAY, ts__gte=DAY - timedelta(days=1)).count()
    assert answer.total.requests + answer.before.requests == raw().count()


@pytest.mark.parametrize("metric", Metric)
def test_percentiles_are_within_one_percent(people, traffic, metric):
    field = {Metric.ANSWER: "latency_ms", Metric.FIRST_TOKEN: "ttft_ms"}[metric]

    def exact(q, **where):
        known = sorted(raw(status__lt=400, **where).values_list(field, flat=True))
        return known[int(np.ceil(q * len(known))) - 1]

    mine, *_ = traffic
    for viewer, where in ((people.petra, {}), (people.alice, {"team_id": mine.team_id})):
        found = usage.percentiles_of_total(ask(viewer), metric)
        for q, said in ((0.5, found.p50), (0.95, found.p95), (0.99, found.p99)):
            assert said == pytest.approx(exact(q, **where), rel=0.0101, abs=1)
    for viewer in (people.petra, people.alice):
        answer = ask(viewer, by=Dimension.DEPLOYMENT)
        for group, one in zip(answer.groups, usage.waits_of_groups(answer), strict=True):
            assert one[metric].p95 == pytest.approx(
                exact(0.95, deployment_id__in=group.ids), rel=0.0101, abs=1
            )
    answer = ask(people.petra, by=Dimension.MODEL)
    for group, one in zip(answer.groups, usage.waits_of_groups(answer), strict=True):
        p50 = exact(0.5, model_id__in=group.ids)
        assert one[metric].p50 == pytest.approx(p50, rel=0.0101, abs=1)
    over_time = usage.waits(ask(people.petra))[metric].steps
    assert sum(one.n for _, one in over_time) == raw(status__lt=400).count()
    weekly = usage.percentiles_by_weekday_hour(ask(people.petra), metric)
    assert weekly[4, 12].n == raw(status__lt=400, ts__gte=NOON).count()


def test_minutes_are_exact_and_a_load_compares_with_the_limit(people, traffic):
    mine, *_ = traffic
    hour = (NOON - timedelta(hours=1), NOON)
    found = usage.minutes(people.alice, mine, *hour)
    for minute in found:
        rows = raw(
            deployment_id=mine.pk, ts__gte=minute.at, ts__lt=minute.at + timedelta(minutes=1)
        )
        known = sorted(rows.filter(status__lt=400).values_list("latency_ms", flat=True))
        assert minute.requests == rows.count()
        assert minute.tokens == sum(r.input_tokens + r.output_tokens for r in rows)
        assert minute.p95 == (known[int(np.ceil(0.95 * len(known))) - 1] if known else None)
    assert sum(m.requests for m in found) > 5
    load = usage.load(found, usage.limit_tpm(mine), *hour)
    assert (load.minutes, load.above, load.limit_tpm) == (60, 0, 500_000)
    mine.facts["capacity"] = 3
    above = sum(m.tokens > 3000 for m in found)
    assert above > 0
    assert usage.load(found, usage.limit_tpm(mine), *hour).above == above
    assert usage.minutes(people.charlie, mine, *hour) == []


def test_a_shared_deployment_is_split_by_who_called(people):
    mine = deployment(people)
    theirs = Workload.objects.get(slug="fraud-notes")
    grant(mine, theirs)
    send(events(mine, [NOON], latency_ms=10))
    send(events(mine, [NOON, NOON], workload=theirs, latency_ms=1000))
    rollups.roll_all()
    assert ask(people.alice).total.requests == 1
    assert ask(people.charlie).total.requests == 2
    assert usage.percentiles_of_total(ask(people.charlie)).p50 == pytest.approx(1000, rel=0.01)
    assert usage.percentiles_of_total(ask(people.alice)).p50 == pytest.approx(10, rel=0.01)


def test_unknown_is_none_never_zero(people):
    send(events(deployment(people, model="nobody-prices-me"), [NOON]))
    rollups.roll_all()
    total = ask(people.alice).total
    assert (total.cost_nano, total.cached_share, total.cached, total.tokens_per_s) == (None,) * 4
    assert usage.percentiles_of_total(ask(people.alice)) == usage.Percentiles()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("period=year", "cannot be read as period"),
        ("period=month&month=2026-13", "cannot be read as month"),
        ("from=2026-11-31", "cannot be read as from"),
        ("from=2026-11-02&to=2026-11-01", "ends before it begins"),
        ("from=2020-01-01&to=2026-01-01", "800 days at most"),
        ("from=2026-01-01&to=2026-03-01&grain=hour", "31 days at most"),
        ("grain=week", "hour, day or month would pass"),
        ("from=0001-01-01", "2000 to 2100"),
        ("from=9999-12-31", "2000 to 2100"),
    ],
)
def test_a_bad_period_says_what_would_pass(query, said):
    with pytest.raises(InvalidError, match=said):
        read_period(QueryDict(query), NOON)


def test_periods(people):
    month = read_period(QueryDict("period=month"), NOON)
    assert (month.start, month.end) == (
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2026, 12, 1, tzinfo=UTC),
    )
    before = month.before(NOON)
    assert before.start == datetime(2026, 10, 1, tzinfo=UTC)
    assert before.end == datetime(2026, 10, 20, 13, tzinfo=UTC)
    day = read_period(QueryDict("period=24h"), NOON)
    assert (day.end, day.grain) == (NOON + timedelta(hours=1), Grain.HOUR)
    assert read_period(QueryDict(""), NOON).label == "22 Oct – 20 Nov".replace(
        " ", "\u00a0"
    ).replace("\u00a0–\u00a0", " – ")


def test_hours_and_their_total_are_read_from_one_table(people, traffic):
    """An hour that is rolled up while its day still waits is in both or in none."""
    from apps.usage.models import DirtyDay

    mine, *_ = traffic
    send(events(mine, [NOON]))
    rollups.roll_dirty()
    assert DirtyDay.objects.exists()
    by_hour = usage.Period(WEEK.start, WEEK.end, Grain.HOUR)
    answer = ask(people.petra, period=by_hour)
    assert answer.total.requests == 481
    series = usage.over_time(answer)
    assert usage.added(s for _, line in series.lines for s in line) == answer.total
    assert answer.as_of == DirtyDay.objects.get().at
