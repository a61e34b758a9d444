"""Pools as a sync would leave them, without asking Azure."""

from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from apps.capacity.models import Hold, Pool, RealCapacity, Subscription
from apps.capacity.protocols import ACCOUNTS, Claim, Placing
from apps.capacity.states import LIVE

REGION = "swedencentral"
METER = "OpenAI.GlobalStandard.gpt-5.1"
VERSION = "2025-11-13"
PLACING = Placing("prod", REGION)


@dataclass
class Ask:
    """An event that asks for capacity."""

    subject: str
    claims: list[Any] = field(default_factory=list)
    placing: Placing | None = None
    why: str = "Claims triage"


def subscription(tier="prod"):
    return Subscription.objects.get_or_create(
        tier=tier, defaults={"azure_id": f"0000-{tier}", "name": f"ai-platform-{tier}"}
    )[0]


def pool(limit, *, meter=METER, region=REGION, used=0, tier="prod"):
    unit = "accounts" if meter == ACCOUNTS else "K TPM"
    return Pool.objects.create(
        subscription=subscription(tier),
        region=region,
        meter=meter,
        limit=limit,
        azure_used=used,
        unit=unit,
        synced_at=timezone.now(),
    )


def accounts(limit=30, **where):
    return pool(limit, meter=ACCOUNTS, **where)


def machines(available, *, region=REGION, sku="GlobalStandard", model="gpt-5.1", tier="prod"):
    return RealCapacity.objects.create(
        subscription=subscription(tier),
        region=region,
        sku=sku,
        model=model,
        version=VERSION,
        available=available,
        synced_at=timezone.now(),
    )


def claim(amount, *, meter=METER, region=REGION, tier="prod", unit="K TPM"):
    return Claim(tier, region, meter, amount, unit, meter.split(".", 2)[-1], VERSION)


def promised(one):
    """Add up what is promised out of a pool, without the selectors."""
    holds = Hold.objects.filter(pool=one, status__in=LIVE)
    return sum(holds.values_list("amount", flat=True))
