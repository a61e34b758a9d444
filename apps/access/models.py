"""Grants: which workload may use which resource, from when until when."""

from django.db import models
from django.db.models.functions import Now

from apps.provisioning.models import Resource
from apps.teams.models import Team, Workload


class Grant(models.Model):
    """A workload's way into a resource; usage is attributed by it. No secret is ever in a row."""

    resource = models.ForeignKey(Resource, models.PROTECT, related_name="grants")
    workload = models.ForeignKey(Workload, models.PROTECT, related_name="grants")
    team = models.ForeignKey(Team, models.PROTECT, related_name="grants")
    from_at = models.DateTimeField(db_default=Now())
    to_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["resource", "workload"],
                condition=models.Q(to_at__isnull=True),
                name="one_open_grant",
            ),
            models.CheckConstraint(
                condition=models.Q(to_at__isnull=True) | models.Q(to_at__gt=models.F("from_at")),
                name="grant_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workload} on {self.resource}"
