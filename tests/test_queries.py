"""How many queries a page asks: the same with 10 rows and with 100, and no more than written here.

A page that needs more is a finding; a page that needs fewer may lower its number.
"""

from datetime import timedelta
from itertools import cycle

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.approvals.models import Step
from apps.capacity.models import Allowance, Commitment, Finding, Hold, Pool
from apps.provisioning.models import Resource
from apps.requests.models import ResourceRequest
from apps.teams.models import Environment, Person, Team, Workload
from apps.teams.roles import Action
from apps.usage import rollups
from portal.demo import payload
from tests.capacity.pools import pool
from tests.usage.batches import events, grant, send

BELL = 1  # in the top line of every page, on top of what is written here
BASELINE = {
    ("alice", "/"): 13,
    ("petra", "/"): 14,
    ("fiona", "/"): 10,
    ("petra", "/usage/ingest/"): 7,
    ("alice", "/requests/"): 12,
    ("petra", "/requests/?tab=open"): 12,
    ("petra", "/inbox/"): 12,
    ("petra", "/policies/"): 9,
    ("petra", "/policies/edit/"): 7,
    ("alice", "/resources/"): 8,
    ("alice", "/catalogue/"): 10,
    ("alice", "/catalogue/models/gpt-5.1/"): 8,
    ("alice", "/capacity/"): 12,
    ("petra", "/capacity/?show=all"): 12,
    ("alice", "pool"): 17,
    ("petra", "pool"): 19,
    ("alice", "/catalogue/residency/"): 6,
    ("audra", "/audit/"): 6,
    ("alice", "/search?q=claims"): 8,
    ("alice", "/requests/new/model_deployment/?model=gpt-5.1"): 13,
    ("alice", "/usage/"): 11,
    ("petra", "/usage/?by=model"): 11,
    ("alice", "/cost/"): 9,
    ("fiona", "/cost/?period=30d"): 10,
    ("alice", "/latency/"): 12,
    ("petra", "/latency/?period=24h"): 12,
    ("alice", "/calls/"): 10,
    ("petra", "/calls/?team=claims&outcome=failed"): 12,
    ("petra", "request"): 33,
    ("alice", "resource"): 13,
    ("alice", "/api/requests/"): 5,
    ("alice", "/api/models/"): 5,
    ("petra", "/api/inbox/"): 8,
    ("alice", "/api/capacity/"): 4,
    ("alice", "/account/tokens/"): 6,
    ("alice", "/notices/?tab=all"): 7,
    ("alice", "/notices/preferences/"): 7,
    ("petra", "/notices/deliveries/?tab=sent"): 11,
}


def fill_pools(built):
    """Give each resource a hold of one pool, a pool of its own, and the pool many allowances."""
    number = Pool.objects.count()
    one = pool(100_000, used=10, meter=f"OpenAI.GlobalStandard.{number}")
    teams = list(Team.objects.all())
    Hold.objects.bulk_create(
        Hold(pool=one, subject=f"request:{r.request_id}", team=team, amount=1, status="built")
        for r, team in zip(built, cycle(teams))
    )
    Allowance.objects.bulk_create(Allowance(pool=one, team=team, limit=1000) for team in teams)
    now, more = timezone.now(), len(built)
    Pool.objects.bulk_create(
        Pool(
            subscription=one.subscription,
            region=one.region,
            meter=f"OpenAI.Standard.{number}.{n}",
            limit=5,
            unit="K TPM",
            synced_at=now,
        )
        for n in range(more)
    )
    for n, status in enumerate(("open", "adopted", "adopted")):
        Finding.objects.create(
            pool=one,
            amount=n + 1,
            status=status,
            explanation="by hand",
            explained_by=Person.objects.first(),
            first_seen_at=now,
            seen_at=now,
        )
    Commitment.objects.bulk_create(
        Commitment(
            subject=f"request:{r.request_id}",
            team=r.team,
            business_unit=r.team.business_unit,
            from_on=now.date(),
        )
        for r in built
    )
    return one


@pytest.fixture
def fill(people):
    team, prod = Team.objects.get(slug="claims"), Environment.objects.get(slug="prod")
    workload = Workload.objects.get(slug="claims-triage")
    typed = payload("claims-triage")

    def many(count):
        def ask(status):
            return ResourceRequest(
                kind="model_deployment",
                team=team,
                workload=workload,
                environment=prod,
                requester=people.alice,
                title="gpt-5.1 for claims-triage",
                payload={**typed, "capacity": 500},
                payload_version=1,
                status=status,
                submitted_at=timezone.now(),
            )

        open_ones = ResourceRequest.objects.bulk_create(ask("in_review") for _ in range(count))
        Step.objects.bulk_create(
            Step(
                request=one,
                position=1,
                label="Platform",
                action=Action.DECIDE_PLATFORM,
                rule="The platform always decides",
                status="open",
                opened_at=timezone.now(),
            )
            for one in open_ones
        )
        done = ResourceRequest.objects.bulk_create(ask("done") for _ in range(count))
        facts = {
            "model": "gpt-5.1",
            "version": "2025-11-13",
            "sku": "GlobalStandard",
            "capacity": 500,
            "account": "aoai-1",
            "endpoint": "https://aoai-1.openai.azure.com/",
            "content_filter": "Microsoft.DefaultV2",
            "upgrade": "OnceCurrentVersionExpired",
        }
        built = Resource.objects.bulk_create(
            Resource(
                request=one,
                kind="model_deployment",
                team=team,
                workload=workload,
                environment=prod,
                name=f"claims-{one.pk}",
                region="swedencentral",
                azure_id=f"/d/{one.pk}",
                stack_id=f"/s/{one.pk}",
                facts=facts,
            )
            for one in done
        )
        for one in built:
            grant(one, workload)
        times = [timezone.now() - timedelta(hours=1)] * count
        send(events(built[0], times, deployment_id=[one.pk for one in built], status=429))
        rollups.roll_all()
        return {
            "request": f"/requests/{open_ones[0].pk}/",
            "resource": f"/resources/{built[0].pk}/",
            "pool": f"/capacity/pools/{fill_pools(built).pk}/",
        }

    return many


def asked(client, url):
    assert client.get(url).status_code == 200  # warm: facts are cached per process
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return [q["sql"] for q in captured if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]


@pytest.mark.parametrize(("who", "path"), BASELINE, ids=lambda v: v)
def test_the_same_with_ten_rows_and_with_a_hundred(people, client_of, fill, who, path):
    addresses = fill(10)
    client = client_of(getattr(people, who))
    url = addresses.get(path, path)
    few = asked(client, url)
    fill(100)
    many = asked(client, url)
    assert len(many) <= len(few) + 1, "\n".join(sorted(many))  # one more tells if there is a page 2
    most = BASELINE[who, path] + (0 if path.startswith("/api/") else BELL)
    assert len(many) <= most, "\n".join(many)
