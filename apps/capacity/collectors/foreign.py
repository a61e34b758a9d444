"""Note what Azure counts beyond what the portal built: somebody deployed by hand."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from django.db.models import QuerySet, Sum

from apps.capacity.models import Finding, Hold, Placement, Pool, Subscription
from apps.capacity.selectors import Free, frees
from apps.capacity.states import FOUND, FindingStatus, HoldStatus
from apps.catalog import selectors as catalog
from apps.cloud.client import Azure
from apps.cloud.errors import CloudError
from apps.kernel import audit, formats, states
from apps.kernel.actors import SYSTEM

log = structlog.get_logger(__name__)
OURS = "request"  # the tag that everything built through the portal carries


def note_foreign(pools: QuerySet[Pool], read_at: datetime) -> None:
    """Bring the findings of locked pools up to what Azure counted at `read_at`.

    What is being built, or was built or given back since, may be counted by Azure or not. So a
    finding is between `sure`, without it, and `most`, with it: it is made when it is sure, gone
    when there is none at most, and keeps its amount in between.
    """
    used = dict(pools.values_list("pk", "azure_used"))
    findings = Finding.objects.filter(pool__in=list(used), status__in=FOUND)
    known = {one.pool_id: one for one in findings}
    asked = [pk for pk, amount in used.items() if amount or pk in known]
    if not asked:
        return
    released = Hold.objects.filter(
        pool__in=asked, status=HoldStatus.RELEASED, changed_at__gte=read_at
    )
    sums = released.values_list("pool").annotate(Sum("amount"))
    given_back = dict(sums.order_by("pool"))
    for pool in frees(Pool.objects.filter(pk__in=asked)):
        unsure = pool.committed + pool.built_since + given_back.get(pool.pool_id, 0)
        sure = pool.foreign - unsure
        _note(pool, known.get(pool.pool_id), sure, read_at)


def _note(pool: Free, known: Finding | None, sure: int, read_at: datetime) -> None:
    if known is None:
        if sure > 0:
            _found(pool, sure, read_at)
    elif not pool.foreign:
        states.move(known, to=FindingStatus.GONE, by=SYSTEM, seen_at=read_at)
    else:
        amount = max(sure, min(known.amount, pool.foreign))
        if amount > known.amount and known.status == FindingStatus.EXPLAINED:
            note = f"It grew from {known.amount} to {amount} since it was explained."
            states.move(known, to=FindingStatus.OPEN, by=SYSTEM, note=note)
        Finding.objects.filter(pk=known.pk).update(amount=amount, seen_at=read_at)


def _found(pool: Free, amount: int, read_at: datetime) -> None:
    made = Finding.objects.create(
        pool_id=pool.pool_id, amount=amount, first_seen_at=read_at, seen_at=read_at
    )
    audit.record(
        subject=made.ref,
        subject_name=f"{pool.label}, {pool.region}",
        verb="found use past the portal",
        after={"amount": formats.quantity(amount, pool.unit)},
        by=SYSTEM,
    )


def name_foreign(subscription: Subscription, client: Azure, region: str) -> None:
    """Note on a region's findings which deployments on our accounts carry no request of ours.

    One call per account, and only while something is found. An account that cannot be read is left
    out: the finding stands without it.
    """
    where = {"subscription": subscription, "region": region}
    findings = Finding.objects.filter(status__in=FOUND, pool__in=Pool.objects.filter(**where))
    found = list(findings.select_related("pool"))
    named: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for account in Placement.objects.filter(**where) if found else ():
        try:
            listed = client.deployments(account.azure_id)
        except CloudError as error:
            log.info("account not read", account=account.name, sentence=error.sentence)
            continue
        for one in listed:
            if OURS not in (one.get("tags") or {}):
                named[_meter(one)].append(
                    {
                        "name": one["name"],
                        "account": account.name,
                        "amount": one["sku"].get("capacity", 0),
                    }
                )
    for row in found:
        if row.deployments != named[row.pool.meter]:
            Finding.objects.filter(pk=row.pk).update(deployments=named[row.pool.meter])


def _meter(deployment: Mapping[str, Any]) -> str:
    return catalog.meter(deployment["properties"]["model"]["name"], deployment["sku"]["name"])
