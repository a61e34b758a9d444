"""When something built ends, what may be asked about it now, and what its people have to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from apps.provisioning.models import Job, Resource
from apps.provisioning.selectors.jobs import waits_to_delete
from apps.provisioning.selectors.resources import TOLD_BEFORE, resources_visible
from apps.provisioning.states import ResourceStatus
from apps.requests import selectors as requests
from apps.requests.models import ResourceRequest
from apps.teams import selectors as teams
from apps.teams.models import Person
from apps.teams.roles import Action


@dataclass(frozen=True)
class Ending:
    """Where a resource stands in its life: `open_act` is the request about it that is open.

    `job` is its deletion; `may_ask` says whether the viewer may ask something about it now,
    `may_restore` whether they may undo its retirement; `days` is what is left, negative when over.
    """

    job: Job | None
    open_act: ResourceRequest | None
    may_ask: bool
    may_restore: bool
    days: int | None

    @property
    def access_ended(self) -> bool:
        """Whether nobody may call it any more."""
        ends = self.job.facts.get("access_ends", "") if self.job else ""
        return bool(ends) and datetime.fromisoformat(ends) <= timezone.now()

    @property
    def soon(self) -> bool:
        """Whether people are being reminded."""
        return self.days is not None and self.days <= max(TOLD_BEFORE)


def ending_of(viewer: Person, resource: Resource) -> Ending:
    """Say where a resource stands, and what the viewer may do about it."""
    live = resource.status == ResourceStatus.LIVE
    job = None
    if not live:
        deletions = Job.objects.filter(resource=resource, purpose=Job.Purpose.DELETE)
        job = deletions.select_related("request").order_by("-id").first()
    asks = teams.may(viewer, Action.REQUEST_CREATE, resource.team)
    open_act = requests.open_about(resource.ref) if live else None
    left = (resource.expires_on - teams.today()).days if live and resource.expires_on else None
    return Ending(
        job=job,
        open_act=open_act,
        may_ask=live and asks and open_act is None,
        may_restore=asks and job is not None and waits_to_delete(job),
        days=left,
    )


def expired_of(viewer: Person, *, most: int = 5) -> Sequence[Resource]:
    """List what ends within a week or has ended, of the teams that the viewer may ask for."""
    if not teams.may_anywhere(viewer, Action.REQUEST_CREATE):
        return ()
    own = teams.teams_where(viewer, Action.REQUEST_CREATE)
    soon = teams.today() + timedelta(days=7)
    rows = resources_visible(viewer).filter(
        team__in=own, status=ResourceStatus.LIVE, expires_on__lte=soon
    )
    return list(rows.order_by("expires_on", "id")[:most])
