"""Open ways in: usage is attributed by them."""

from apps.access.models import Grant
from apps.kernel import audit
from apps.kernel.actors import SYSTEM
from apps.provisioning.events import JobDone
from apps.provisioning.models import Resource


def open_grant(event: JobDone) -> None:
    """Let the workload that a resource was built for use it; a second telling changes nothing."""
    resource = Resource.objects.select_related("workload", "team").get(pk=event.resource_id)
    grant, fresh = Grant.objects.get_or_create(
        resource=resource,
        workload=resource.workload,
        to_at=None,
        defaults={"team": resource.team},
    )
    if fresh:
        audit.record(
            subject=resource.ref,
            subject_name=str(resource),
            verb="access opened",
            by=SYSTEM,
            scope=resource.scope,
            after={"workload": resource.workload.slug, "grant": grant.pk},
        )
