"""What happens to a team, and to what a person may do."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class TeamMoved:
    """Another unit pays for the team from `at` on; what was used before stays with the old one."""

    team_id: int
    from_unit_id: int
    to_unit_id: int
    at: datetime


@dataclass(frozen=True)
class RoleEvent:
    """What a person may do has changed; `role` names it: “Team lead of Claims Automation”."""

    person_id: int
    role: str


@dataclass(frozen=True)
class RoleGranted(RoleEvent):
    """Somebody has a role from now on."""


@dataclass(frozen=True)
class RoleRevoked(RoleEvent):
    """Somebody has lost a role."""
