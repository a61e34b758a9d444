"""What happens to a team."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class TeamMoved:
    """Another unit pays for the team from `at` on; what was used before stays with the old one."""

    team_id: int
    from_unit_id: int
    to_unit_id: int
    at: datetime
