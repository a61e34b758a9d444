"""What is committed a month: the list cost that approved subjects are expected to have."""

from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from apps.capacity.models import Commitment
from apps.teams.models import Team


@dataclass(frozen=True)
class Running:
    """The commitments that run now; `unknown` counts those whose cost nobody knows."""

    list_cost_nano: int
    count: int
    unknown: int


def running(team: Team) -> tuple[Running, Running]:
    """Return what is committed for a team, and for its unit; one query."""
    own, unknown = Q(team=team), Q(list_cost_nano=None)
    found = Commitment.objects.filter(to_on=None, business_unit=team.business_unit_id).aggregate(
        own_nano=Sum("list_cost_nano", filter=own, default=0),
        own_count=Count("pk", filter=own),
        own_unknown=Count("pk", filter=own & unknown),
        nano=Sum("list_cost_nano", default=0),
        count=Count("pk"),
        unknown=Count("pk", filter=unknown),
    )
    return (
        Running(int(found["own_nano"]), found["own_count"], found["own_unknown"]),
        Running(int(found["nano"]), found["count"], found["unknown"]),
    )


def committed_for(subject: str) -> int | None:
    """Return what a subject is committed to cost a month: 0 for nothing, None if nobody knows."""
    row = Commitment.objects.filter(subject=subject, to_on=None).first()
    return row.list_cost_nano if row else 0
