"""What approved subjects cost a month, and which unit that is for."""

from collections.abc import Collection

from apps.capacity.models import Commitment
from apps.capacity.protocols import Moved
from apps.teams.models import Team
from apps.teams.selectors import today


def begin_commitment(*, subject: str, team: Team, list_cost_nano: int | None) -> None:
    """Note what a subject is expected to cost a month from today on; None: nobody knows."""
    end_commitments([subject])
    Commitment.objects.create(
        subject=subject,
        team=team,
        business_unit=team.business_unit,
        list_cost_nano=list_cost_nano,
        from_on=today(),
    )


def end_commitments(subjects: Collection[str]) -> None:
    """End what subjects cost: they gave back what they held."""
    Commitment.objects.filter(subject__in=subjects, to_on=None).update(to_on=today())


def follow_team(event: Moved) -> None:
    """Let the new unit pay for what its new team has been promised, from the day of the move on."""
    day = event.at.date()
    open_ones = Commitment.objects.filter(team=event.team_id, to_on=None)
    moved = list(open_ones.order_by("pk").select_for_update(no_key=True))
    open_ones.update(to_on=day)
    Commitment.objects.bulk_create(
        Commitment(
            subject=one.subject,
            team_id=one.team_id,
            business_unit_id=event.to_unit_id,
            list_cost_nano=one.list_cost_nano,
            from_on=day,
        )
        for one in moved
    )
