"""Percentiles of any question are within one per cent of the exact ones; minutes are exact."""

from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.db.models import Count

from apps.provisioning.models import Resource
from apps.teams.models import Team
from apps.usage import rollups
from apps.usage import selectors as usage
from apps.usage.models import UsageRecord
from apps.usage.states import Dimension, Grain, Metric
from tests.usage.batches import send
from tests.usage.traffic import DAY, pairs, traffic

pytestmark = pytest.mark.django_db
END = DAY + timedelta(days=3)
PERIOD = usage.Period(DAY, END, Grain.DAY)
HOURS = usage.Period(DAY + timedelta(hours=5), DAY + timedelta(hours=40), Grain.HOUR)
FIELD = {Metric.ANSWER: "latency_ms", Metric.FIRST_TOKEN: "ttft_ms"}


@pytest.fixture
def rows(people, request):
    """Several hundred calls of four pairs, and the answers among their raw rows."""
    rng = np.random.default_rng(request.param)
    found = traffic(pairs(people), rng, 900)
    for batch in found.batches(250):
        send(batch)
    rollups.roll_all()
    return list(UsageRecord.objects.filter(status__lt=400))


def team_of(slug):
    return Team.objects.get(slug=slug).pk


def exact(rows, metric):
    """Return the number of known latencies, and their percentiles by nearest rank."""
    known = sorted(ms for row in rows if (ms := getattr(row, FIELD[metric])) is not None)
    if not known:
        return 0, [None] * 3
    return len(known), np.percentile(known, [50, 95, 99], method="inverted_cdf").tolist()


def agrees(said, rows, metric):
    count, percentiles = exact(rows, metric)
    assert said.n == count
    for one, true in zip((said.p50, said.p95, said.p99), percentiles, strict=True):
        # A latency below one ms is in the bucket of one.
        assert one == (true and pytest.approx(true, rel=0.0100001, abs=1 if true < 2 else 0))


def within(rows, period):
    return [row for row in rows if period.start <= row.ts < period.end]


@pytest.mark.parametrize("rows", range(3), indirect=True)
@pytest.mark.parametrize("period", [PERIOD, HOURS], ids=["days", "hours"])
def test_every_dimension_and_metric(people, rows, period):
    rows = within(rows, period)
    for metric in Metric:
        for by in Dimension:
            answer = usage.ask(people.petra, usage.Question(period, by, top=1))
            agrees(usage.percentiles_of_total(answer, metric), rows, metric)
            groups = usage.waits_of_groups(answer)
            for group, said in zip(answer.groups, groups, strict=True):
                theirs = [row for row in rows if getattr(row, f"{by}_id") in group.ids]
                agrees(said[metric], theirs, metric)


@pytest.mark.parametrize("rows", range(3), indirect=True)
def test_filters_and_what_a_viewer_may_see(people, rows):
    mini = Resource.objects.get(facts__model="gpt-5-mini").pk
    fraud, claims = team_of("fraud"), team_of("claims")
    for viewer, where, theirs in (
        (people.petra, {Dimension.MODEL: ["gpt-5.1"]}, lambda r: r.deployment_id != mini),
        (people.petra, {Dimension.ENVIRONMENT: ["prod"]}, lambda r: True),
        (people.charlie, {}, lambda r: r.team_id == fraud),
        (people.alice, {Dimension.REGION: ["swedencentral"]}, lambda r: r.team_id == claims),
        (people.alice, {Dimension.REGION: ["eastus2"]}, lambda r: False),
    ):
        answer = usage.ask(viewer, usage.Question(PERIOD, where=where))
        for metric in Metric:
            seen = [row for row in rows if theirs(row)]
            agrees(usage.percentiles_of_total(answer, metric), seen, metric)


@pytest.mark.parametrize("rows", range(2), indirect=True)
@pytest.mark.parametrize("period", [PERIOD, HOURS], ids=["days", "hours"])
def test_steps_of_time(people, rows, period):
    width = timedelta(hours=1) if period.grain == Grain.HOUR else timedelta(days=1)
    answer = usage.ask(people.petra, usage.Question(period))
    for metric in Metric:
        steps = usage.waits(answer)[metric].steps
        assert len(steps) == (period.end - period.start) // width
        for at, said in steps:
            agrees(said, [row for row in rows if at <= row.ts < at + width], metric)


@pytest.mark.parametrize("rows", range(2), indirect=True)
@pytest.mark.parametrize("period", [PERIOD, HOURS], ids=["days", "hours"])
@pytest.mark.parametrize("by", Dimension)
def test_groups_by_steps_of_time(people, rows, period, by):
    width = timedelta(hours=1) if period.grain == Grain.HOUR else timedelta(days=1)
    answer = usage.ask(people.petra, usage.Question(period, by, top=1))
    for metric, grid in usage.percentiles_by_group_over_time(answer).items():
        assert [group for group, _ in grid.lines] == answer.groups
        for group, line in grid.lines:
            theirs = [row for row in rows if getattr(row, f"{by}_id") in group.ids]
            for at, said in zip(grid.steps, line, strict=True):
                agrees(said, [row for row in theirs if at <= row.ts < at + width], metric)


@pytest.mark.parametrize("rows", [3], indirect=True)
def test_whoever_sees_one_whole_dimension_needs_no_cells(people, rows):
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE latency_cell_day, latency_cell_hour")
    claims = [row for row in rows if row.team_id == team_of("claims")]
    for viewer, seen in ((people.petra, rows), (people.alice, claims)):
        found = usage.waits(usage.ask(viewer, usage.Question(PERIOD)))
        agrees(found[Metric.ANSWER].now, within(seen, PERIOD), Metric.ANSWER)
    answer = usage.ask(people.petra, usage.Question(PERIOD, Dimension.DEPLOYMENT))
    for group, said in zip(answer.groups, usage.waits_of_groups(answer), strict=True):
        theirs = [row for row in within(rows, PERIOD) if row.deployment_id in group.ids]
        agrees(said[Metric.ANSWER], theirs, Metric.ANSWER)


@pytest.mark.parametrize("rows", [3], indirect=True)
def test_the_period_before_is_apart_from_the_steps(people, rows):
    last = usage.Period(DAY + timedelta(days=2), END, Grain.HOUR)
    for period in (last, usage.Period(last.start, END, Grain.DAY)):
        answer = usage.ask(people.petra, usage.Question(period))
        before = usage.Period(DAY + timedelta(days=1), period.start, Grain.DAY)
        for metric, found in usage.waits(answer).items():
            agrees(found.now, within(rows, period), metric)
            agrees(found.before, within(rows, before), metric)
            assert sum(one.n for _, one in found.steps) == found.now.n


@pytest.mark.parametrize("by", [None, *Dimension])
def test_nothing_has_no_percentiles(people, by):
    answer = usage.ask(people.petra, usage.Question(PERIOD, by))
    assert usage.percentiles_of_total(answer) == usage.Percentiles()
    assert usage.percentiles_with_total(answer) == (usage.Percentiles(), [])
    assert usage.percentiles_by_weekday_hour(answer) == {}
    for found in usage.waits(answer).values():
        assert {found.now, found.before, *dict(found.steps).values()} == {usage.Percentiles()}


@pytest.mark.parametrize("rows", [7], indirect=True)
def test_minutes_are_exact(people, rows):
    """Every minute of the deployment that two workloads call, to the millisecond."""
    shared = Resource.objects.alias(n=Count("grants")).get(n=2)
    every, seen = list(UsageRecord.objects.filter(deployment_id=shared.pk)), 0
    assert usage.minutes(people.petra, shared, END, END + timedelta(days=1)) == []
    for day in range(3):
        start = DAY + timedelta(days=day)
        for minute in usage.minutes(people.petra, shared, start, start + timedelta(days=1)):
            end = minute.at + timedelta(minutes=1)
            here = [row for row in every if minute.at <= row.ts < end]
            tokens = sum(row.input_tokens + row.output_tokens for row in here)
            assert (minute.requests, minute.tokens) == (len(here), tokens)
            assert minute.throttled == sum(row.status == 429 for row in here)
            answers = [row for row in here if row.status < 400]
            assert [minute.p50, minute.p95, minute.p99] == exact(answers, Metric.ANSWER)[1]
            seen += len(here)
    assert seen == len(every) > 300
