"""Sixty deployments as if they had been asked for, approved and built in the past year.

Azure's sandbox does not know them. A sync leaves what they take as built by us, and an account is
made in Azure when the first real request is placed on it.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from apps.access.models import Grant
from apps.capacity import selectors as capacity_seen
from apps.capacity import services as capacity
from apps.capacity.models import Commitment, Hold, Placement, Pool
from apps.capacity.protocols import DEPLOYMENTS, Placing
from apps.capacity.states import HoldStatus
from apps.catalog import selectors as catalog
from apps.provisioning.models import Resource
from apps.provisioning.provisioner import PROVISIONERS
from apps.requests.models import ResourceRequest
from portal.demo.asked import KIND, Asked, ask, read
from portal.demo.granted import Slices


def know_limits() -> None:
    """Read what the subscriptions may use, unless that has been read before."""
    if capacity_seen.last_synced_at() is None:
        capacity.sync_all()


def demo_built() -> QuerySet[Resource]:
    """Return what no job has built: whoever asks through the front door has jobs."""
    return Resource.objects.filter(request__jobs=None)


@transaction.atomic
def seed_deployments(until: datetime) -> None:
    """Make the deployments with their requests, promises and grants, unless they are there.

    What happened so many days ago happened so many days before the day of `until`.
    """
    if demo_built().exists():
        return
    today = until.replace(hour=0, minute=0, second=0, microsecond=0)
    with catalog.one_revision():
        rows = read(today)
        requests = ask(rows)
        places = [(row.environment.tier, row.said["region"]) for row in rows]
        accounts = {place: _account(*place) for place in dict.fromkeys(places)}
        built = Resource.objects.bulk_create(
            _resource(row, request, accounts[place])
            for row, request, place in zip(rows, requests, places, strict=True)
        )
    Hold.objects.bulk_create(_holds(rows, built))
    Commitment.objects.bulk_create(
        Commitment(
            subject=one.request.ref,
            team=one.team,
            business_unit=one.team.business_unit,
            list_cost_nano=one.request.estimate["expected_nano"],
            from_on=row.built_at.date(),
        )
        for row, one in zip(rows, built, strict=True)
    )
    slices = Slices(today)
    Grant.objects.bulk_create(
        grant for row, one in zip(rows, built, strict=True) for grant in slices.of(row, one)
    )


def _account(tier: str, region: str) -> Placement:
    """Find the shared account of a region, or name one; it counts as built."""
    account = capacity.place(placing=Placing(tier, region)).placement
    Hold.objects.filter(subject=f"account:{account.pk}").update(status=HoldStatus.BUILT)
    return account


def _holds(rows: list[Asked], built: list[Resource]) -> Iterator[Hold]:
    """Take each deployment's capacity out of its pool, and one place on its account."""
    pools = {
        (pool.subscription_id, pool.region, pool.meter, pool.placement_id): pool
        for pool in Pool.objects.all()
    }
    for row, resource in zip(rows, built, strict=True):
        account, request = resource.placement, resource.request
        assert account is not None  # noqa: S101  given above
        where = account.subscription_id, account.region
        meter = catalog.meter(row.said["model"], row.said["sku"])
        taken = {(meter, None): int(row.said["capacity"]), (DEPLOYMENTS, account.pk): 1}
        for what, amount in taken.items():
            yield Hold(
                pool=pools[*where, *what],
                subject=request.ref,
                team=resource.team,
                amount=amount,
                status=HoldStatus.BUILT,
                why=f"{request.number}: {request.title}",
                created_at=row.submitted_at,
                changed_at=row.built_at,
            )


def _resource(asked: Asked, request: ResourceRequest, account: Placement) -> Resource:
    name = PROVISIONERS.get(KIND).name(
        request.payload, workload=asked.workload.slug, environment=asked.environment.slug
    )
    group = (
        f"/subscriptions/{account.subscription.azure_id}/resourceGroups/{account.resource_group}"
    )
    return Resource(
        request=request,
        kind=KIND,
        team=asked.workload.team,
        workload=asked.workload,
        environment=asked.environment,
        placement=account,
        name=name,
        region=account.region,
        azure_id=f"{account.azure_id}/deployments/{name}",
        stack_id=f"{group}/providers/Microsoft.Resources/deploymentStacks/req-{request.pk}",
        facts=_facts(asked, request, account, name),
        built_at=asked.built_at,
    )


def _facts(asked: Asked, request: ResourceRequest, account: Placement, name: str) -> dict[str, Any]:
    """Say what reading it back from Azure would have said."""
    said, team = asked.said, asked.workload.team
    endpoint = f"https://{account.name}.openai.azure.com/"
    return {
        "endpoint": endpoint,
        "base_url": f"{endpoint}openai/v1/",
        "deployment": name,
        "account": account.name,
        "resource_group": account.resource_group,
        "subscription_id": account.subscription.azure_id,
        "model": said["model"],
        "task": catalog.models()[said["model"]].task,
        "version": said["version"],
        "sku": said["sku"],
        "capacity": int(said["capacity"]),
        "content_filter": "Microsoft.DefaultV2",
        "upgrade": "OnceCurrentVersionExpired",
        "rate_limits": _limits(said["model"], said["sku"], int(said["capacity"])),
        "keys_off": True,
        "tags": {
            "request": request.number,
            "team": team.slug,
            "workload": asked.workload.slug,
            "environment": asked.environment.slug,
            "cost-centre": team.cost_centre or team.business_unit.cost_centre,
        },
    }


def _limits(model: str, sku: str, capacity: int) -> list[dict[str, Any]]:
    """List Azure's rate limits; only types that are paid by token have any."""
    if catalog.deployment_types()[sku].billing != "tokens":
        return []
    counts = {
        "request": catalog.requests_per_minute(model=model, sku=sku, k_tpm=capacity),
        "token": capacity * 1000,
    }
    return [
        {"key": key, "renewalPeriod": 60, "count": count}
        for key, count in counts.items()
        if count is not None
    ]
