"""What other chapters say to capacity, in its own words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

ACCOUNTS = "accounts"
DEPLOYMENTS = "deployments"
GPU = "GPU."  # meters of vCPUs by VM family begin with it: Azure names them by the family alone
VCPU = "vCPU"


@dataclass(frozen=True)
class Claim:
    """Ask for `amount` (in `unit`) of a meter in a region.

    `meter` is Azure's usage name, e.g. `OpenAI.GlobalStandard.gpt-5.1`; `unit` is `K TPM`, `PTU`,
    `K enqueued tokens` or `vCPU`; `tier` is `prod` or `nonprod` and names the subscription.
    `model` and `version` (where there are any) let real capacity be looked up beside the quota.
    """

    tier: str
    region: str
    meter: str
    amount: int
    unit: str
    model: str = ""
    version: str = ""


@dataclass(frozen=True)
class Placing:
    """Ask for a place on a shared platform account of a region."""

    tier: str
    region: str


class AsksForCapacity(Protocol):
    """An event that asks for capacity (RequestSubmitted); `subject` is e.g. `request:42`."""

    @property
    def team_id(self) -> int:
        """Name the team whose allowances it counts against."""

    @property
    def instead_of(self) -> str:
        """Name the subject whose promise it takes over once built; empty for something new."""

    @property
    def subject(self) -> str:
        """Name who holds it, as a text reference."""

    @property
    def claims(self) -> Sequence[Claim]:
        """List what is asked of pools."""

    @property
    def placing(self) -> Placing | None:
        """Say where a place is needed, if one is."""

    @property
    def why(self) -> str:
        """Say what it is for, in words for people."""


class HasSubject(Protocol):
    """An event about something that holds capacity."""

    @property
    def subject(self) -> str:
        """Name who holds it, as a text reference."""


class Approved(HasSubject, Protocol):
    """An event that makes a promise firm (RequestApproved)."""

    @property
    def team_id(self) -> int:
        """Name the team that asked."""

    @property
    def expected_nano(self) -> int | None:
        """Say what it is expected to cost a month at list price, in nano; None: nobody knows."""


class Moved(Protocol):
    """An event about a team that another business unit pays for from `at` on (TeamMoved)."""

    @property
    def team_id(self) -> int:
        """Name the team."""

    @property
    def to_unit_id(self) -> int:
        """Name the unit that it belongs to now."""

    @property
    def at(self) -> datetime:
        """Say since when."""
