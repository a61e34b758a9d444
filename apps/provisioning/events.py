"""What happens to a job, and to what was built."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class JobEvent:
    """Something happened to job `job_id`, which works for request `request_id`."""

    job_id: int
    request_id: int

    @property
    def subject(self) -> str:
        """The text reference of the request that the job works for."""
        return f"request:{self.request_id}"


@dataclass(frozen=True)
class JobQueued(JobEvent):
    """The row waits for a worker, due `after_s` from now; the sweep finds it if no nudge comes."""

    after_s: float = 0.0


@dataclass(frozen=True)
class JobStarted(JobEvent):
    """A worker took a build job for the first time."""


@dataclass(frozen=True)
class JobDone(JobEvent):
    """A build job ended well; `resource_id` is the row of what was built."""

    resource_id: int
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class JobStuck(JobEvent):
    """A build job needs a person of the platform; `sentence` says why."""

    sentence: str


@dataclass(frozen=True)
class JobRefused(JobEvent):
    """Azure will not do it as approved; `sentence` says what would pass."""

    sentence: str


@dataclass(frozen=True)
class ResourceEvent:
    """Something happened to resource `resource_id`, because of request `request_id`."""

    resource_id: int
    request_id: int


@dataclass(frozen=True)
class ResourceRetiring(ResourceEvent):
    """Nobody is to use it from `at` on; it is deleted when its recycle period is over."""

    at: datetime


@dataclass(frozen=True)
class ResourceRestored(ResourceEvent):
    """It stays; it had been retiring since `since`."""

    since: datetime


@dataclass(frozen=True)
class ResourceRetired(ResourceEvent):
    """Azure has deleted and purged it; `holder` is the request that holds its capacity."""

    holder: int

    @property
    def subject(self) -> str:
        """The text reference that its capacity is held under."""
        return f"request:{self.holder}"


@dataclass(frozen=True)
class ResourceExpiring(ResourceEvent):
    """It ends on `on`, in `days` days, unless somebody renews it."""

    on: date
    days: int


@dataclass(frozen=True)
class ResourceExpired(ResourceEvent):
    """It has ended on `on` and nobody renewed it; `retires` says whether it is deleted for that."""

    on: date
    retires: bool
