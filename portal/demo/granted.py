"""Who might use a deployment when: grant slices, cut where Azure upgraded it or a team moved."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import zip_longest

from apps.access.models import Grant
from apps.provisioning.models import Resource
from apps.teams.models import BusinessUnit, Workload
from portal.demo import data
from portal.demo.asked import Asked, workloads_by_path

MOVED_DAYS_AGO = 35


class Slices:
    """Cuts the grants of deployments; `today` is a midnight."""

    def __init__(self, today: datetime) -> None:
        self._today = today
        self._workloads = workloads_by_path()
        units = {one.slug: one for one in BusinessUnit.objects.all()}
        self._left = {
            one["slug"]: units[one["was_in"]] for one in data.rows("teams") if one["was_in"]
        }

    def of(self, asked: Asked, resource: Resource) -> Iterator[Grant]:
        """Grant a deployment to the workload that it was built for and to those that share it."""
        shared = asked.said["shared_with"].split()
        for user in (asked.workload, *(self._workloads[path] for path in shared)):
            yield from self._of_one(asked, resource, user)

    def _of_one(self, asked: Asked, resource: Resource, user: Workload) -> Iterator[Grant]:
        said, built = asked.said, asked.built_at
        left = self._left.get(user.team.slug)
        upgraded = self._ago(int(said["was_until_days"])) if said["was"] else built
        moved = self._ago(MOVED_DAYS_AGO) if left else built
        starts = sorted({built, upgraded, moved})
        for start, end in zip_longest(starts, starts[1:]):
            model, version = asked.model if start < upgraded else (said["model"], said["version"])
            yield Grant(
                resource=resource,
                workload=user,
                team=user.team,
                business_unit=left if left and start < moved else user.team.business_unit,
                environment=asked.environment,
                model=model,
                version=version,
                sku=said["sku"],
                region=resource.region,
                from_at=start,
                to_at=end,
            )

    def _ago(self, days: int) -> datetime:
        return self._today - timedelta(days=days)
