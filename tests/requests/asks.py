"""Pools as a sync would leave them, and a request as somebody makes it."""

from apps.requests import services
from apps.teams.models import Environment, Workload
from portal.demo import payload
from tests.capacity.pools import METER, accounts, machines, pool

DATAZONE = "OpenAI.DataZoneStandard.gpt-5.1"
STANDARD = "OpenAI.Standard.gpt-5.1"


def room(limit=1000, *, tier="prod"):
    """Give gpt-5.1 some quota in three regions; the last one has no Data Zone quota."""
    found = pool(limit, tier=tier)
    for region, amount in (("francecentral", 2000), ("germanywestcentral", 300)):
        pool(amount, region=region, tier=tier)
    pool(800, meter=DATAZONE, tier=tier)
    pool(400, meter=DATAZONE, region="francecentral", tier=tier)
    pool(100, meter=STANDARD, tier=tier)
    for region in ("swedencentral", "francecentral", "germanywestcentral"):
        accounts(region=region, tier=tier)
    machines(5000, tier=tier)
    return found


def plain(text):
    """Write ordinary blanks for the ones that do not break."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def typed(workload="claims-triage", **changes):
    """Fill the form; numbers as people type them."""
    return payload(workload, **{name: str(value) for name, value in changes.items()})


def draft(by, workload="claims-triage", **changes):
    return services.save_draft(kind="model_deployment", payload=typed(workload, **changes), by=by)


def submitted(by, workload="claims-triage", **changes):
    row = draft(by, workload, **changes)
    return services.submit_request(request=row, by=by)


__all__ = [
    "DATAZONE",
    "METER",
    "STANDARD",
    "Environment",
    "Workload",
    "draft",
    "plain",
    "room",
    "submitted",
    "typed",
]
