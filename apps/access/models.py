"""Grants: which workload may use which resource, in which time slice, and who pays for it then."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models.functions import Now

from apps.provisioning.models import Resource
from apps.teams.models import BusinessUnit, Environment, Team, Workload


class Grant(models.Model):
    """A workload's way into a resource for [from_at, to_at); usage is attributed by it.

    What usage needs is frozen for the slice: who moves a team or upgrades a version closes it and
    opens the next. Several workloads may share a resource; one has one slice of it at a time.
    No secret is ever in a row.
    """

    resource = models.ForeignKey(Resource, models.PROTECT, related_name="grants")
    workload = models.ForeignKey(Workload, models.PROTECT, related_name="grants")
    team = models.ForeignKey(Team, models.PROTECT, related_name="grants")
    business_unit = models.ForeignKey(BusinessUnit, models.PROTECT, related_name="grants")
    environment = models.ForeignKey(Environment, models.PROTECT, related_name="+")
    model = models.CharField(max_length=80, blank=True)
    version = models.CharField(max_length=40, blank=True)
    sku = models.CharField(max_length=40, blank=True)
    region = models.CharField(max_length=40, blank=True)
    from_at = models.DateTimeField(db_default=Now())
    to_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_grant_at_a_time",
                expressions=[
                    ("resource", RangeOperators.EQUAL),
                    ("workload", RangeOperators.EQUAL),
                    (
                        models.Func("from_at", "to_at", function="TSTZRANGE"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
            models.CheckConstraint(
                condition=models.Q(to_at__isnull=True) | models.Q(to_at__gt=models.F("from_at")),
                name="grant_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workload} on {self.resource}"
