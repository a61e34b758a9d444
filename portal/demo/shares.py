"""How the demo company splits its best-loved pool: a unit's share, and a team's within it."""

from django.db import transaction

from apps.capacity import selectors as capacity_seen
from apps.capacity import services as capacity
from apps.capacity.selectors.split import split_of
from apps.kernel.actors import SYSTEM
from apps.teams.models import Team

POOL = {"tier": "prod", "region": "swedencentral", "meter": "OpenAI.GlobalStandard.gpt-5.1"}
SLACK = 700  # K TPM that are left to each: the requests of the demo ask for 600


@transaction.atomic
def seed_allowances() -> None:
    """Give Insurance, and Claims Automation in it, an allowance, unless the pool is split."""
    pool, claims = capacity_seen.free(**POOL), Team.objects.get(slug="claims")
    split = split_of(pool.pool_id) if pool else None
    if pool is None or split is None or split.units or split.teams:
        return
    for owner in (claims.business_unit, claims):
        capacity.set_allowance(
            pool_id=pool.pool_id,
            owner=owner,
            limit=min(pool.limit, split.promised_to(owner) + SLACK),
            by=SYSTEM,
        )
