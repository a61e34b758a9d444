"""The demo is as large as it says, the same every time, and looks like a company at work."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from apps.access.models import Grant
from apps.approvals.models import Decision, PolicyVersion, Step
from apps.approvals.selectors import policies
from apps.approvals.services import check
from apps.capacity import selectors as capacity
from apps.capacity import services as capacity_services
from apps.capacity.models import Allowance, Hold, Pool
from apps.catalog import selectors as catalog
from apps.kernel.models import AuditEntry
from apps.provisioning.models import Resource
from apps.provisioning.selectors.balance import imbalances
from apps.requests import services as requests
from apps.requests.models import ResourceRequest
from apps.requests.states import RequestStatus
from apps.teams.models import BusinessUnit, Person, Team, Workload
from apps.usage.models import IngestBatch, UsageRecord
from apps.usage.protocols import UNKNOWN
from apps.usage.selectors import differences
from portal import demo
from portal.demo.shapes import SHAPES, SPEEDS
from portal.demo.traffic import HOUR_US, Line, draw

DAYS = 90
START = (datetime(2026, 8, 27, 12, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days * 24 + 12
END = START + DAYS * 24
HOUR = timedelta(hours=1)


def line(shape="chat", model="gpt-5.1", *, workload=1, deployment=1, a_day=100, **more):
    whole = {"built_us": (START - 60 * 24) * HOUR_US, "from_us": 0, "to_us": 1 << 62}
    return Line(
        workload_id=workload,
        deployment_id=deployment,
        shape=SHAPES[shape],
        model=model,
        a_day=a_day,
        **{**whole, **more},
    )


def drawn(*lines, records=40_000, seed=7, end=END):
    return draw(lines, start=START, end=end, records=records, seed=seed)


def same(one, other):
    return all(np.array_equal(a, vars(other)[name]) for name, a in vars(one).items())


# --- what is drawn


def test_the_same_seed_and_hours_give_the_same_calls():
    one, again = drawn(line(), records=5000), drawn(line(), records=5000)
    assert same(one, again)
    assert len({bytes(event) for event in one.event_id}) == len(one) == 5000
    for other in (drawn(line(), records=5000, seed=8), drawn(line(), records=5000, end=END - 1)):
        assert not set(map(bytes, other.event_id)) & set(map(bytes, one.event_id))


def test_calls_are_in_order_and_within_the_hours_asked_for_and_granted():
    until = (START + 20 * 24 + 7) * HOUR_US + 1  # within an hour
    calls = drawn(line(to_us=until), line(workload=2, from_us=until))
    first, second = (calls.ts_us[calls.workload_id == number] for number in (1, 2))
    assert (np.diff(calls.ts_us) >= 0).all()
    assert calls.ts_us[0] >= START * HOUR_US
    assert calls.ts_us[-1] < END * HOUR_US
    assert first.max() < until <= second.min()


def by_day(calls):
    return np.bincount(calls.ts_us // (24 * HOUR_US) - START // 24, minlength=DAYS + 1)


def test_weekends_are_quiet_and_use_grows():
    days = by_day(drawn(line()))[1:-1]  # whole ones
    weekday = (np.arange(START // 24 + 1, END // 24) + 3) % 7
    assert 0.08 < days[weekday >= 5].mean() / days[weekday < 5].mean() < 0.16
    weeks = days[: 12 * 7].reshape(12, 7).sum(axis=1)
    assert 1.08 < weeks[6:].sum() / weeks[:6].sum() < 1.17, "22 % a quarter are 10 % in half of it"


def test_a_day_has_office_hours():
    hours = np.bincount(drawn(line()).ts_us // HOUR_US % 24, minlength=24)
    assert hours[9] > 50 * max(hours[0], 1)
    assert hours[20] < hours[9] / 3


def test_answers_take_long_tails():
    calls = drawn(line())
    answered = calls.status < 400
    p50, p95, p99 = np.percentile(calls.latency_ms[answered], [50, 95, 99])
    assert 1500 < p50 < 6000
    assert 2.5 < p95 / p50 < 6
    assert p99 > 1.3 * p95
    streamed = answered & (calls.ttft_ms != UNKNOWN)
    assert (streamed == answered).all()
    assert (calls.ttft_ms[answered] <= calls.latency_ms[answered]).all()


def test_failed_calls_are_few_and_use_nothing():
    calls = drawn(line())
    failed = calls.status >= 400
    assert 0.003 < failed.mean() < 0.007
    assert not (calls.input_tokens + calls.output_tokens)[failed].any()
    assert ((calls.error_kind == UNKNOWN) == ~failed).all()
    assert (calls.input_tokens[~failed] > 0).all()


def test_beyond_its_tokens_a_minute_a_deployment_refuses_some():
    calls = drawn(line("evening", k_tpm=250), line("chat", workload=2, k_tpm=250), records=35_000)
    refused = calls.status == 429
    assert 0.01 < refused.mean() < 0.2
    minutes = calls.ts_us // 60_000_000
    served = Counter()
    for minute, tokens in zip(minutes, calls.input_tokens + calls.output_tokens, strict=True):
        served[minute] += tokens
    full = {minute for minute, tokens in served.items() if tokens > 180_000}
    assert set(minutes[refused]) <= full, "never while there is room"
    assert {minute // 60 % 24 for minute, tokens in served.items() if tokens > 250_000} == {18}
    unlimited = drawn(line("evening"), line("chat", workload=2))
    assert not (unlimited.status == 429).any()


def test_the_cache_answers_long_prompts_in_its_steps_and_more_often_once_they_are_better_ordered():
    calls = drawn(line("triage"))
    hit = calls.cached_tokens > 0
    assert (calls.cached_tokens[hit] % 128 == 0).all()
    assert (calls.input_tokens[hit] >= 1024).all()
    assert (calls.cached_tokens < np.maximum(calls.input_tokens, 1)).all()
    old = line("triage", built_us=(START - 200 * 24) * HOUR_US)
    assert drawn(old).cached_tokens.clip(0).sum() > 2 * calls.cached_tokens.clip(0).sum()


def test_what_a_source_does_not_know_is_unknown():
    calls = drawn(line(source="azure-monitor"), line(workload=2, deployment=2))
    monitored = calls.deployment_id == 1
    for name in ("latency_ms", "ttft_ms", "cached_tokens", "reasoning_tokens"):
        assert (getattr(calls, name)[monitored] == UNKNOWN).all()
    assert (calls.latency_ms[~monitored] != UNKNOWN).all()
    for name in ("cache_write_tokens", "audio_in_tokens", "audio_out_tokens", "images"):
        assert (getattr(calls, name) == UNKNOWN).all()


def test_embeddings_write_nothing_and_only_provisioned_deployments_spill():
    calls = drawn(
        line("search", "text-embedding-3-large"),
        line("public", "gpt-5.1", workload=2, deployment=2, spills=True),
    )
    embeds = calls.deployment_id == 1
    assert not calls.output_tokens[embeds].any()
    assert (calls.cached_tokens[embeds] == UNKNOWN).all()
    assert (calls.spillover[embeds] == UNKNOWN).all()
    assert set(calls.spillover[~embeds]) == {0, 1}


# --- the organisation


@pytest.fixture
def company(sandbox, people):
    """The whole company with its deployments, as at the last full hour but 26."""
    until = timezone.now().replace(minute=0, second=0, microsecond=0) - 26 * HOUR
    demo.seed_company()
    demo.seed_policies(vars(people))
    demo.know_limits()
    demo.seed_deployments(until)
    demo.seed_allowances()
    return until


def everything():
    """Count all rows of the demo, and add up what is promised."""
    models = (BusinessUnit, Team, Workload, Person, ResourceRequest, Resource, Grant, Hold, Pool)
    found = {model.__name__: model.objects.count() for model in (*models, AuditEntry)}
    return found, capacity.frees(Pool.objects.all())


def test_the_company_is_as_large_as_it_says_and_a_second_start_changes_nothing(company, people):
    counted, free = everything()
    sizes = {"BusinessUnit": 8, "Team": 30, "Workload": 120, "Resource": 60, "ResourceRequest": 60}
    assert counted == {**counted, **sizes}
    demo.seed_organisation()
    demo.seed_company()
    demo.seed_policies(vars(people))
    demo.know_limits()
    demo.seed_deployments(company + 50 * HOUR)
    demo.seed_allowances()
    assert everything() == (counted, free)
    assert not Workload.objects.filter(grants=None).exists()
    assert set(ResourceRequest.objects.values_list("status", flat=True)) == {RequestStatus.DONE}


def test_azure_offers_what_was_built_and_all_but_one_has_a_price(company):
    unpriced = []
    for grant in Grant.objects.select_related("resource"):
        assert grant.model in SPEEDS
        assert (grant.sku, grant.region) in catalog.availability(grant.model, grant.version)
        price = catalog.price_in_force(
            model=grant.model,
            version=grant.version,
            sku=grant.sku,
            region=grant.region,
            on=(grant.to_at or company).date(),
        )
        unpriced += [] if price else [grant.resource.name]
    assert set(unpriced) == {"kyc-extract-prod-gpt-5.1"}
    kinds = Counter(one.facts["sku"] for one in Resource.objects.all())
    assert {*kinds} >= {"Standard", "DataZoneStandard", "GlobalBatch", "GlobalProvisionedManaged"}


def test_a_version_was_upgraded_and_a_team_moved(company):
    upgraded = Resource.objects.get(name="reply-drafts-prod-gpt-4.1")
    slices = upgraded.grants.filter(workload=upgraded.workload).order_by("from_at")
    assert [one.model for one in slices] == ["gpt-4.1", "gpt-5.1"]
    assert slices[0].to_at == slices[1].from_at
    assert upgraded.facts["model"] == "gpt-5.1"
    moved = Grant.objects.filter(workload__slug="challenge-notes").order_by("from_at")
    assert [one.business_unit.slug for one in moved] == ["retail-bank", "risk"]
    for one in (*slices, *moved):
        assert one.from_at < company
        assert one.to_at is None or one.to_at > company - timedelta(days=DAYS)


def test_there_is_room_for_alice_and_a_sync_changes_no_promise(company, people):
    promised = Hold.objects.values("pool")
    pools = capacity.frees(Pool.objects.filter(pk__in=promised))
    assert len(pools) > 50
    assert all(pool.taken <= pool.limit for pool in pools)
    capacity_services.sync_all()
    again = {pool.pool_id: pool for pool in capacity.frees(Pool.objects.all())}
    for pool in pools:
        after = again[pool.pool_id]
        assert (after.limit, after.built, after.free) == (pool.limit, pool.built, pool.free)
    demo.seed_requests(vars(people))
    typed = demo.payload("claims-triage", capacity="500")
    draft = requests.save_draft(kind="model_deployment", payload=typed, by=people.alice)
    assert requests.submit_request(request=draft, by=people.alice).status == "in_review"
    assert Allowance.objects.count() == 2
    assert list(imbalances()) == []
    count = ResourceRequest.objects.count()
    demo.seed_requests(vars(people))
    assert ResourceRequest.objects.count() == count == 64


def test_the_policies_would_pass_today_and_the_past_was_decided_by_them(company, people):
    version = PolicyVersion.objects.get()
    assert version.active
    assert not check(version.text)
    assert {rule.id for rule in policies.in_force().rules} >= {"P-01", "P-03", "P-08", "D-01"}
    needed = Step.objects.exclude(status="not_needed")
    assert {*needed.values_list("label", flat=True)} == {
        "Platform",
        "Security",
        "Finance",
        "Second pair of eyes",
    }
    assert not needed.filter(decisions=None).exists()
    assert not Step.objects.filter(status="not_needed", decisions__isnull=False).exists()
    for request in ResourceRequest.objects.all():
        voters = Decision.objects.filter(step__request=request).values_list("person", flat=True)
        assert len({*voters}) == len(voters), "four eyes"
        assert not policies.plan_of(request).denied


def test_pages_show_what_was_built(company, people, client_of):
    built = Resource.objects.get(name="claims-triage-prod-gpt-5.1")
    alice = client_of(people.alice)
    for address in (f"/resources/{built.pk}/", f"/requests/{built.request_id}/"):
        page = alice.get(address).content.decode()
        assert "250" in page
        assert "Bob Lind" in page or "429 with Retry-After" in page
    mail = Resource.objects.get(name="mail-sorter-prod-gpt-5-nano")
    assert alice.get(f"/resources/{mail.pk}/").status_code == 404


# --- its history


def rows(**wanted):
    return UsageRecord.objects.filter(**wanted)


@pytest.mark.slow
def test_history_is_loaded_once_and_goes_on_with_the_hours_since(company):
    demo.seed_history(until=company, records=9000)
    assert rows().count() == 9000
    assert not IngestBatch.objects.filter(refused__gt=0).exists()
    demo.seed_history(until=company, records=9000)
    assert rows().count() == 9000
    demo.seed_history(until=company + 26 * HOUR, records=9000)
    fresh = rows(ts__gte=company).count()
    assert 40 < fresh == rows().count() - 9000 < 400
    first, last = rows().earliest("ts").ts, rows().latest("ts").ts
    assert company - timedelta(days=DAYS) <= first
    assert company + 20 * HOUR < last < company + 26 * HOUR
    start = first.replace(hour=0, minute=0, second=0, microsecond=0)
    assert differences(start, start + timedelta(days=DAYS + 3)) == []


@pytest.mark.slow
def test_every_call_has_its_price_and_its_slice(company):
    demo.seed_history(until=company, records=9000)
    names = dict(Resource.objects.values_list("pk", "name"))
    billed_here = rows(list_cost_nano=None).exclude(is_spillover=True)
    unpriced = set(billed_here.values_list("deployment_id", flat=True))
    assert {names[pk] for pk in unpriced} == {"kyc-extract-prod-gpt-5.1"}
    moved = rows(workload_id=Workload.objects.get(slug="challenge-notes").pk)
    assert set(moved.values_list("bu_id", flat=True)) == set(
        BusinessUnit.objects.filter(slug__in=["retail-bank", "risk"]).values_list("pk", flat=True)
    )
    quiet = Resource.objects.get(name="promo-effects-test-gpt-4.1-mini")
    last = rows(deployment_id=quiet.pk).order_by("-ts").values_list("ts", flat=True).first()
    assert last is None or last < company - timedelta(days=41)
    monitored = Resource.objects.get(name="sanctions-match-prod-gpt-5-mini")
    assert set(rows(deployment_id=monitored.pk).values_list("latency_ms", flat=True)) == {None}


@pytest.mark.slow
def test_the_whole_history_has_300_000_calls_and_a_crowded_evening(company):
    demo.seed_history(until=company)
    triage = Resource.objects.get(name="claims-triage-prod-gpt-5.1")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT deployment_id) FROM usage_record")
        assert cursor.fetchone() == (300_000, 60)
        cursor.execute(
            "SELECT count(DISTINCT minute::date), max(tokens), "
            "avg((date_part('hour', minute) = 18)::int) FROM ("
            "  SELECT date_bin('1 minute', ts, '2026-01-01 00:00+00') AS minute,"
            "    sum(input_tokens + output_tokens) AS tokens"
            "  FROM usage_record WHERE deployment_id = %s GROUP BY 1"
            ") AS load WHERE tokens > 250000",
            [triage.pk],
        )
        days, peak, in_the_evening = cursor.fetchone()
    assert days > 50
    assert 400_000 < peak < 1_500_000
    assert in_the_evening > 0.98, "the hour after it has a tenth of its calls"
    refused = rows(deployment_id=triage.pk, status=429).count()
    assert refused / rows(status=429).count() > 0.8
    assert 0.001 < rows(status=429).count() / 300_000 < 0.02


def test_nothing_is_seeded_outside_demo_mode(db, settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="only with the sandbox"):
        call_command("seed_demo", stdout=StringIO())
    assert not Person.objects.exists()
    assert not Workload.objects.exists()
