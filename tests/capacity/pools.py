"""Pools as a sync would leave them, without asking Azure."""

from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from apps.capacity.models import Hold, Pool, RealCapacity, Subscription
from apps.capacity.protocols import ACCOUNTS, Claim, Placing
from apps.capacity.states import LIVE
from apps.teams.models import BusinessUnit, Team
from tests.teams.organisation import lasting

REGION = "swedencentral"
METER = "OpenAI.GlobalStandard.gpt-5.1"
VERSION = "2025-11-13"
PLACING = Placing("prod", REGION)


@dataclass
class Ask:
    """An event that asks for capacity, or is about a subject; of some team unless one is given."""

    subject: str
    claims: list[Any] = field(default_factory=list)
    placing: Placing | None = None
    why: str = "Claims triage"
    team: Team | None = None
    instead_of: str = ""
    expected_nano: int | None = None

    @property
    def team_id(self):
        return (self.team or some_team()).pk


def some_team():
    unit, _ = BusinessUnit.objects.get_or_create(
        slug="some", defaults={"name": "Some", "cost_centre": "CC-1", **lasting(None)}
    )
    return Team.objects.get_or_create(
        slug="some", defaults={"name": "Some", "business_unit": unit, **lasting(None)}
    )[0]


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
