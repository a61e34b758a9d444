"""Batches for the tests of usage: a deployment with a grant, and columns of events."""

import hashlib
import itertools
import uuid
from datetime import UTC, datetime, timedelta

import numpy as np
from django.utils import timezone

from apps.access.models import Grant
from apps.provisioning.models import Resource
from apps.requests.models import ResourceRequest
from apps.teams.models import Environment, Workload
from apps.usage import services
from apps.usage.protocols import NOBODY, OPTIONAL_COUNTS, UNKNOWN, Events

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_number = itertools.count(1)


def deployment(people, *, workload="claims-triage", name="", days=60, **facts) -> Resource:
    """Build a gpt-5.1 Global Standard deployment in swedencentral that its workload may use."""
    row, prod = Workload.objects.get(slug=workload), Environment.objects.get(slug="prod")
    number = next(_number)
    request = ResourceRequest.objects.create(
        kind="model_deployment",
        team=row.team,
        workload=row,
        environment=prod,
        requester=people.alice,
        title=f"gpt-5.1 for {workload}",
        payload={"workload": str(row.pk)},
        payload_version=1,
        status="done",
        submitted_at=timezone.now(),
    )
    known = {"model": "gpt-5.1", "version": "2025-11-13", "sku": "GlobalStandard", "capacity": 500}
    resource = Resource.objects.create(
        request=request,
        kind="model_deployment",
        team=row.team,
        workload=row,
        environment=prod,
        name=name or f"{workload}-prod-{number}",
        region=facts.pop("region", "swedencentral"),
        azure_id=f"/subscriptions/x/deployments/{number}",
        stack_id=f"/subscriptions/x/stacks/{number}",
        facts=known | facts,
    )
    grant(resource, row, days=days)
    return resource


def grant(resource, workload, *, days=60, **changes) -> Grant:
    """Let a workload use a deployment since so many days."""
    facts = resource.facts
    values = {
        "team": workload.team,
        "business_unit": workload.team.business_unit,
        "environment": resource.environment,
        "model": facts["model"],
        "version": facts["version"],
        "sku": facts["sku"],
        "region": resource.region,
        "from_at": timezone.now() - timedelta(days=days),
    }
    return Grant.objects.create(resource=resource, workload=workload, **(values | changes))


def events(resource, times, *, workload=None, ids=None, **columns) -> Events:
    """Lay out calls at `times`; a column is one value for all or one per call."""
    size = len(times)

    def column(name, default):
        return np.broadcast_to(np.asarray(columns.get(name, default), np.int64), size).copy()

    moments = [(at - EPOCH) // timedelta(microseconds=1) for at in times]
    keys = ids or [uuid.uuid4().bytes for _ in times]
    return Events(
        line=np.arange(1, size + 1),
        event_id=np.array(keys, "V16"),
        ts_us=np.array(moments, np.int64),
        workload_id=column("workload_id", (workload or resource.workload).pk),
        deployment_id=column("deployment_id", resource.pk),
        status=column("status", 200),
        error_kind=column("error_kind", UNKNOWN),
        spillover=column("spillover", UNKNOWN),
        end_user=np.array([NOBODY] * size, "V16"),
        input_tokens=column("input_tokens", 1000),
        output_tokens=column("output_tokens", 100),
        latency_ms=column("latency_ms", UNKNOWN),
        ttft_ms=column("ttft_ms", UNKNOWN),
        **{name: column(name, UNKNOWN) for name in OPTIONAL_COUNTS},
    )


def send(found: Events, *, key="", source="gateway"):
    """Receive a batch under a key of its own, or the one given."""
    sha = hashlib.sha256(b"".join(getattr(found, c).tobytes() for c in vars(found))).digest()
    return services.receive(
        source=source, key=key or uuid.uuid4().hex, payload_sha256=sha, events=found
    )
