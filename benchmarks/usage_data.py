"""A company's calls for the benchmarks: skewed over units, teams, workloads and deployments.

40 units, 300 teams, 2,000 workloads and 500 deployments; the demo's people and teams are among
them and call most, so that what alice sees grows with the number of rows too.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

import numpy as np
from django.core.management import call_command
from django.utils import timezone

from apps.access.models import Grant
from apps.provisioning.models import Resource
from apps.requests.models import ResourceRequest
from apps.teams.models import BusinessUnit, Environment, Person, Team, Workload
from apps.usage import rollups, services
from apps.usage.protocols import NOBODY, UNKNOWN, Column, Events
from portal.demo import seed_organisation

UNITS, TEAMS, WORKLOADS, DEPLOYMENTS = 40, 300, 2000, 500
DAYS = 90
SINCE = date(2026, 1, 1)
OFFERS = tuple(  # with a list price in swedencentral
    ("GlobalStandard", model, version)
    for model, version in (
        ("gpt-5.1", "2025-11-13"),
        ("gpt-5-mini", "2025-08-07"),
        ("gpt-4.1", "2025-04-14"),
        ("gpt-5", "2025-08-07"),
        ("gpt-4.1-mini", "2025-04-14"),
        ("gpt-5-nano", "2025-08-07"),
        ("o4-mini", "2025-04-16"),
        ("gpt-4o", "2024-11-20"),
    )
)
HOURLY = np.array([1, 1, 1, 1, 1, 2, 4, 7, 9, 9, 8, 7, 7, 8, 9, 9, 8, 6, 4, 3, 2, 2, 1, 1])
WEEKLY = np.array([1.0, 1.0, 1.0, 0.9, 0.3, 0.25, 1.0])  # 1970 began on a Thursday
HOUR_US = 3_600_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Row = TypeVar("Row")


@dataclass(frozen=True)
class Company:
    """Who calls what: a pair is a workload on a deployment, `share` how often it does."""

    people: dict[str, Person]
    workload_id: Column
    deployment_id: Column
    share: Column


def make_company() -> Company:
    """Make the rows that usage is attributed by: units, teams, workloads, resources, grants."""
    call_command("load_catalog", verbosity=0)
    people = seed_organisation()
    units = [*BusinessUnit.objects.order_by("pk")]
    units += BusinessUnit.objects.bulk_create(
        BusinessUnit(name=f"Unit {n}", slug=f"unit-{n}", cost_centre=f"CC-{n}", active_from=SINCE)
        for n in range(len(units), UNITS)
    )
    teams = [*Team.objects.order_by("pk")]
    teams += Team.objects.bulk_create(
        Team(business_unit=_of(units, n), name=f"Team {n}", slug=f"team-{n}", active_from=SINCE)
        for n in range(len(teams), TEAMS)
    )
    workloads = [*Workload.objects.select_related("team").order_by("pk")]
    workloads += Workload.objects.bulk_create(
        Workload(team=_of(teams, n), slug=f"workload-{n}", active_from=SINCE)
        for n in range(len(workloads), WORKLOADS)
    )
    deployments = _deployments(workloads[:DEPLOYMENTS], people["alice"])
    return _grants(workloads, deployments, people)


def _of(rows: Sequence[Row], number: int) -> Row:
    """Spread over rows unevenly: the first get several times as many as the last."""
    return rows[(number * number // 7 + number) % len(rows) * (number % 3 + 1) // 3]


def _deployments(owners: Sequence[Workload], by: Person) -> list[Resource]:
    environments = [*Environment.objects.order_by("position")]
    kind = "model_deployment"
    asked = ResourceRequest.objects.bulk_create(
        ResourceRequest(
            kind=kind,
            team=one.team,
            workload=one,
            environment=environments[n % len(environments)],
            requester=by,
            title=one.slug,
            payload_version=1,
            status="done",
            submitted_at=timezone.now(),
        )
        for n, one in enumerate(owners)
    )
    return Resource.objects.bulk_create(
        Resource(
            request=one,
            kind=kind,
            team=one.team,
            workload=one.workload,
            environment=one.environment,
            name=f"{one.title}-{one.environment}",
            region="swedencentral",
            azure_id=f"/deployments/{n}",
            stack_id=f"/stacks/{n}",
            facts=dict(zip(("sku", "model", "version"), OFFERS[n % len(OFFERS)], strict=True))
            | {"capacity": 500},
        )
        for n, one in enumerate(asked)
    )


def _grants(
    workloads: Sequence[Workload], deployments: Sequence[Resource], people: dict[str, Person]
) -> Company:
    first = [(n, n % len(deployments)) for n in range(len(workloads))]
    second = [(n, (n * 7 + 13) % len(deployments)) for n in range(0, len(workloads), 2)]
    pairs = sorted({*first, *second})
    Grant.objects.bulk_create(
        Grant(
            resource=deployments[d],
            workload=workloads[w],
            team=workloads[w].team,
            business_unit_id=workloads[w].team.business_unit_id,
            environment=deployments[d].environment,
            region=deployments[d].region,
            from_at=_midnight() - timedelta(days=400),
            **{name: deployments[d].facts[name] for name in ("sku", "model", "version")},
        )
        for w, d in pairs
    )
    weight = np.array([1 / (w + 1) ** 1.1 for w, _ in pairs])  # Zipf's law
    return Company(
        people,
        np.array([workloads[w].pk for w, _ in pairs]),
        np.array([deployments[d].pk for _, d in pairs]),
        weight / weight.sum(),
    )


def _midnight() -> datetime:
    return datetime.combine(timezone.now().date(), datetime.min.time(), UTC)


def days_of(company: Company, rows: int, *, days: int = DAYS, seed: int = 0) -> Iterator[Events]:
    """Draw `rows` calls over the `days` before today, one day at a time, in order of time."""
    rng = np.random.default_rng(seed)
    first = (_midnight() - EPOCH).days - days
    numbers = np.arange(first, first + days)
    weight = WEEKLY[numbers % 7] * (1 + np.arange(days) / 300)
    for day, count in zip(numbers, rng.multinomial(rows, weight / weight.sum()), strict=True):
        hour = rng.choice(24, count, p=HOURLY / HOURLY.sum())
        ts_us = (day * 24 + hour) * HOUR_US + rng.integers(0, HOUR_US, count)
        yield _calls(rng, company, np.sort(ts_us))


def _calls(rng: np.random.Generator, company: Company, ts_us: Column) -> Events:
    size = len(ts_us)
    pair = rng.choice(len(company.share), size, p=company.share)
    tokens = rng.lognormal(6.8, 1.0, size).astype(np.int64) + 1
    output = rng.lognormal(5.2, 0.9, size).astype(np.int64) + 1
    draw = rng.random(size)
    status = np.select([draw < 0.01, draw < 0.013], [429, 500], 200)
    ttft = rng.lognormal(6.1, 0.5, size).astype(np.int64)
    unknown = np.full(size, UNKNOWN)
    return Events(
        line=np.arange(1, size + 1),
        event_id=np.frombuffer(rng.bytes(16 * size), "V16"),
        ts_us=ts_us,
        workload_id=company.workload_id[pair],
        deployment_id=company.deployment_id[pair],
        status=status,
        error_kind=np.select([status == 429, status == 500], [1, 5], UNKNOWN),
        spillover=np.zeros(size, np.int64),
        end_user=np.full(size, np.void(NOBODY)),
        input_tokens=tokens,
        output_tokens=output,
        cached_tokens=np.where(rng.random(size) < 0.3, tokens // 2, 0),
        cache_write_tokens=unknown,
        reasoning_tokens=unknown,
        audio_in_tokens=unknown,
        audio_out_tokens=unknown,
        images=unknown,
        latency_ms=ttft + (output * rng.lognormal(2.4, 0.3, size)).astype(np.int64),
        ttft_ms=ttft,
    )


def send(events: Events, key: str) -> None:
    """Receive a batch whose key says what it is."""
    sha = hashlib.sha256(key.encode()).digest()
    services.receive(source="gateway", key=key, payload_sha256=sha, events=events)


def load(company: Company, rows: int, *, seed: int = 0) -> None:
    """Store `rows` more calls over the last 90 days, roll them up and close the days."""
    for number, day in enumerate(days_of(company, rows, seed=seed)):
        for part, batch in enumerate(day.batches(50_000)):
            send(batch, f"{seed}/{number}/{part}")
    rollups.roll_all()
    services.close_days()
