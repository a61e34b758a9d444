"""Measure how many decisions a second the engine takes, and pages with a long past.

A vote is one yes of two that a step needs: request and steps locked, rights, policies, residency
and capacity read anew, the vote and its trace in the audit. A hand-over is a yes that ends its step
and opens the next, with the notices of that. The limit is the least that either could be, by the
same ORM: one UPDATE and one INSERT by primary key in a transaction of their own. All run over eight
connections of eight processes, in turns; the fastest of each counts, because others may share the
machine. A page's figure is its median time with ROWS requests
(100,000 unless told), one in fifty of them in review, ÷ with a hundredth of them.
"""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from statistics import median
from typing import Any

import django
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.approvals import services
from apps.approvals.models import Decision, Round, Step
from apps.approvals.states import StepStatus
from apps.capacity.models import Hold, Pool, Subscription
from apps.requests import selectors as requests
from apps.requests.models import ResourceRequest
from apps.requests.states import RequestStatus
from apps.teams.models import Environment, Person, Workload
from apps.teams.roles import Action
from portal.demo import payload, seed_organisation

ROWS = 100_000
FEW = 100  # of the rows, one in so many
REVIEWED = 50  # one in so many
CONNECTIONS, TURNS, A_TURN = 8, 3, 168
HITS = 20
AMOUNT = 10
USE = ("requests_per_day", "input_tokens", "output_tokens")
METER, REGION = "OpenAI.GlobalStandard.gpt-5.1", "swedencentral"


def run(rows: int | None) -> dict[str, float]:
    """Return the share of the limit that votes reach, all a second, and the pages' ratios."""
    rows = rows or ROWS
    call_command("load_catalog", verbosity=0)
    people = seed_organisation()
    _pools()
    speeds = _speeds(people)
    pages = {"inbox": reverse("inbox"), "request": _a_request(people)}
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(people["petra"])
    _fill(people, rows // FEW)
    few = {name: _median(client, address) for name, address in pages.items()}
    _fill(people, rows - rows // FEW)
    return {
        "votes_to_limit": speeds["vote"] / speeds["limit"],
        "hand_overs_to_limit": speeds["hand_over"] / speeds["limit"],
        **{f"{name}_per_s": speed for name, speed in speeds.items()},
        **{
            f"{name}_many_to_few": _median(client, address) / few[name]
            for name, address in pages.items()
        },
    }


def _pools() -> None:
    """Leave room for everything that is asked for here."""
    subscription = Subscription.objects.create(azure_id="bench", name="bench", tier="prod")
    Pool.objects.create(
        subscription=subscription,
        region=REGION,
        meter=METER,
        limit=10**9,
        unit="K TPM",
        synced_at=timezone.now(),
    )


def _speeds(people: dict[str, Person]) -> dict[str, float]:
    """Return votes, hand-overs and plain writes a second, the fastest of some turns of each."""
    found: dict[str, list[float]] = {"vote": [], "hand_over": [], "limit": []}
    context = multiprocessing.get_context("spawn")
    with context.Pool(CONNECTIONS, initializer=django.setup) as pool:

        def speed(work: Callable[[Sequence[int]], None], ids: Sequence[int]) -> float:
            parts = [ids[n::CONNECTIONS] for n in range(CONNECTIONS)]
            with connection.cursor() as cursor:
                cursor.execute("CHECKPOINT")
            began = time.perf_counter()
            pool.map(work, parts, chunksize=1)
            return len(ids) / (time.perf_counter() - began)

        for _ in range(TURNS):
            for name, work, needed in (
                ("vote", _decide, 2),
                ("hand_over", _decide, 1),
                ("limit", _write, 1),
            ):
                rows = _ask(people, A_TURN, needed)
                speed(work, [one.pk for one in rows[:CONNECTIONS]])  # fills caches
                found[name].append(speed(work, [one.pk for one in rows[CONNECTIONS:]]))
    return {name: max(some) for name, some in found.items()}


def _decide(ids: Sequence[int]) -> None:
    petra = Person.objects.get(email="petra@northwind.example")
    for row in requests.requests_visible(petra).filter(pk__in=ids):
        services.approve(request=row, reason="Fits.", by=petra)


def _write(ids: Sequence[int]) -> None:
    petra = Person.objects.get(email="petra@northwind.example")
    steps = Step.objects.filter(request__in=ids, status=StepStatus.OPEN)
    for step in steps.select_related("request__requester"):
        with transaction.atomic():
            Step.objects.filter(pk=step.pk, status=StepStatus.OPEN).update(
                status=StepStatus.APPROVED, ended_at=timezone.now()
            )
            Decision.objects.create(
                step=step,
                person=petra,
                voice=petra,
                requester=step.request.requester,
                verdict=Decision.Verdict.APPROVE,
                reason="Fits.",
            )


def _ask(people: dict[str, Person], count: int, needed: int = 1) -> list[ResourceRequest]:
    """Make requests in review with two steps and what they hold, as submit leaves them."""
    rows = _requests(people, count, RequestStatus.IN_REVIEW)
    pool = Pool.objects.get(meter=METER)
    Hold.objects.bulk_create(
        Hold(pool=pool, subject=row.ref, team=row.team, amount=AMOUNT, why="bench") for row in rows
    )
    _steps(rows, StepStatus.OPEN, StepStatus.WAITING, needed)
    return rows


def _a_request(people: dict[str, Person]) -> str:
    (row,) = _ask(people, 1)
    return reverse("request", args=[row.pk])


def _fill(people: dict[str, Person], count: int) -> None:
    """Add requests of the past year, most of them decided by petra and fiona."""
    reviewed = count // REVIEWED
    _steps(
        _requests(people, reviewed, RequestStatus.IN_REVIEW), StepStatus.OPEN, StepStatus.WAITING
    )
    done = _requests(people, count - reviewed, RequestStatus.DONE)
    steps = _steps(done, StepStatus.APPROVED, StepStatus.APPROVED)
    by = {Action.DECIDE_PLATFORM: people["petra"], Action.DECIDE_FINANCE: people["fiona"]}
    Decision.objects.bulk_create(
        (
            Decision(
                step=step,
                person=by[Action(step.action)],
                voice=by[Action(step.action)],
                requester=people["alice"],
                verdict=Decision.Verdict.APPROVE,
            )
            for step in steps
        ),
        batch_size=5_000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _requests(people: dict[str, Person], count: int, status: str) -> list[ResourceRequest]:
    workload = Workload.objects.select_related("team").get(slug="claims-triage")
    typed: dict[str, Any] = {**payload("claims-triage"), "capacity": AMOUNT}
    typed |= {name: int(typed[name]) for name in USE}
    prod, now = Environment.objects.get(slug="prod"), timezone.now()
    return ResourceRequest.objects.bulk_create(
        (
            ResourceRequest(
                kind="model_deployment",
                team=workload.team,
                workload=workload,
                environment=prod,
                requester=people["alice"],
                title=f"gpt-5.1 number {n}",
                payload=typed,
                payload_version=1,
                status=status,
                submitted_at=now - timedelta(minutes=n),
                changed_at=now - timedelta(minutes=n),
            )
            for n in range(count)
        ),
        batch_size=5_000,
    )


def _steps(rows: Sequence[ResourceRequest], first: str, second: str, needed: int = 1) -> list[Step]:
    Round.objects.bulk_create((Round(request=row, number=1) for row in rows), batch_size=5_000)
    return Step.objects.bulk_create(
        (
            Step(
                request=row,
                position=position,
                stage=position,
                label=label,
                action=action,
                who={"action": action},
                needed=needed,
                rule=f"P-0{position}: {label} decides",
                rules=[f"P-0{position}"],
                status=status,
                opened_at=None if status == StepStatus.WAITING else row.submitted_at,
            )
            for row in rows
            for position, label, action, status in (
                (1, "Platform", Action.DECIDE_PLATFORM, first),
                (2, "Finance", Action.DECIDE_FINANCE, second),
            )
        ),
        batch_size=5_000,
    )


def _median(client: Any, address: str) -> float:
    taken = []
    for _ in range(HITS + 1):
        began = time.perf_counter()
        answer = client.get(address)
        taken.append(time.perf_counter() - began)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}.")
    return median(taken[1:])  # the first one fills caches
