"""Pages of the work and of what was built: who sees what, and what they ask the database."""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.capacity.models import Placement, Subscription
from apps.provisioning.models import Resource
from apps.requests.models import ResourceRequest
from apps.teams.models import Environment, Team, Workload

FACTS = {
    "endpoint": "https://aoai-northwind-sdc-01.openai.azure.com/",
    "base_url": "https://aoai-northwind-sdc-01.openai.azure.com/openai/v1/",
    "account": "aoai-northwind-sdc-01",
    "model": "gpt-5.1",
    "task": "chat",
    "version": "2025-11-13",
    "sku": "GlobalStandard",
    "capacity": 500,
    "content_filter": "Microsoft.DefaultV2",
    "upgrade": "OnceCurrentVersionExpired",
    "rate_limits": [
        {"key": "request", "renewalPeriod": 60, "count": 5000},
        {"key": "token", "renewalPeriod": 60, "count": 500000},
    ],
    "keys_off": True,
    "tags": {"request": "REQ-1"},
}


def built(people, *, count=1, team="claims", workload="claims-triage", **facts):
    """Make resources as the worker leaves them."""
    subscription, _ = Subscription.objects.get_or_create(
        tier="prod", defaults={"azure_id": "0000", "name": "prod"}
    )
    placement, _ = Placement.objects.get_or_create(
        name="aoai-northwind-sdc-01",
        defaults={
            "subscription": subscription,
            "region": "swedencentral",
            "resource_group": "rg-ai-platform-prod-swedencentral",
        },
    )
    made = []
    for _ in range(count):
        request = ResourceRequest.objects.create(
            kind="model_deployment",
            team=Team.objects.get(slug=team),
            workload=Workload.objects.get(slug=workload),
            environment=Environment.objects.get(slug="prod"),
            requester=people.alice,
            title="gpt-5.1",
            payload_version=1,
            status="done",
            submitted_at=timezone.now(),
        )
        name = f"{workload}-prod-{request.pk}"
        made.append(
            Resource.objects.create(
                request=request,
                kind=request.kind,
                team=request.team,
                workload=request.workload,
                environment=request.environment,
                placement=placement,
                name=name,
                region="swedencentral",
                azure_id=f"/deployments/{request.pk}",
                stack_id=f"/stacks/{request.pk}",
                facts={**FACTS, "deployment": name, **facts},
            )
        )
    return made


pytestmark = pytest.mark.django_db


def page(client, url):
    answer = client.get(url)
    assert answer.status_code == 200, url
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def test_the_list_shows_what_is_ones_own(people, client_of):
    (own,) = built(people)
    (other,) = built(people, team="fraud", workload="fraud-notes")
    assert own.name in page(client_of(people.bob), "/resources/")
    assert other.name not in page(client_of(people.bob), "/resources/")
    assert other.name in page(client_of(people.petra), "/resources/")
    assert "Nothing is built yet" in page(client_of(people.dora), "/resources/")


def test_one_resource_is_hidden_from_outsiders(people, client_of):
    (own,) = built(people)
    url = f"/resources/{own.pk}/"
    assert own.name in page(client_of(people.alice), url)
    assert client_of(people.charlie).get(url).status_code == 404
    assert client_of(people.dora).get(url).status_code == 404


def test_azure_ids_are_for_those_who_run_the_platform(people, client_of):
    (own,) = built(people)
    url = f"/resources/{own.pk}/"
    assert own.stack_id in page(client_of(people.petra), url)
    assert own.stack_id not in page(client_of(people.alice), url)


def test_filters_and_search_stand_in_the_address(people, client_of):
    (first,) = built(people)
    (second,) = built(people, model="gpt-5-mini")
    client = client_of(people.alice)
    shown = page(client, "/resources/?model=gpt-5-mini")
    assert second.name in shown
    assert first.name not in shown
    assert "Nothing fits these filters" in page(client, "/resources/?text=zebra")
    assert first.name in page(client, f"/resources/?text={first.name}")
    assert page(client, "/resources/?model=nonsense&status=nonsense")


def test_pages_of_the_list_go_by_key(people, client_of):
    made = built(people, count=30)
    client = client_of(people.alice)
    first = page(client, "/resources/")
    assert made[-1].name in first
    older = first.split('href="?cursor=')[1].split('"')[0]
    second = page(client, f"/resources/?cursor={older}")
    assert made[0].name in second
    assert made[-1].name not in second


def test_the_list_as_csv(people, client_of):
    built(people, count=3)
    answer = client_of(people.alice).get("/resources/?format=csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert len(rows) == 3
    assert rows[0]["deployment_type"] == "GlobalStandard"
    assert rows[0]["capacity"] == "500"


@pytest.mark.parametrize("url", ["/resources/", "/"])
def test_queries_do_not_grow_with_the_rows(people, client_of, url):
    client = client_of(people.alice)
    built(people)
    page(client, url)
    counts = []
    for more in (2, 20):
        built(people, count=more)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            page(client, url)
        counts.append(len(caught))
    assert counts[0] == counts[1]


def test_search_finds_deployments(people, client_of):
    (own,) = built(people)
    assert f"/resources/{own.pk}/" in page(client_of(people.alice), f"/search?q={own.name}")
    assert f"/resources/{own.pk}/" not in page(client_of(people.charlie), f"/search?q={own.name}")


def test_a_lead_sees_the_teams_deployments_at_home(people, client_of):
    (own,) = built(people)
    home = page(client_of(people.alice), "/")
    assert "Our deployments" in home
    assert own.name in home
    assert "Our deployments" not in page(client_of(people.petra), "/")
