"""Who acts for whom, and how long."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models.functions import Now


class Delegation(models.Model):
    """Somebody acts for somebody else in [from_at, to_at); one person at a time."""

    by_person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    to_person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(from_at__lte=models.F("to_at")), name="delegation_ends_after"
            ),
            models.CheckConstraint(
                condition=~models.Q(by_person=models.F("to_person")), name="delegation_to_another"
            ),
            ExclusionConstraint(
                name="one_delegate_at_a_time",
                expressions=[
                    ("by_person", RangeOperators.EQUAL),
                    (
                        models.Func("from_at", "to_at", function="tstzrange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]
        indexes = [models.Index(fields=["to_person", "to_at"], name="delegation_to")]

    def __str__(self) -> str:
        return f"{self.to_person} for {self.by_person}"

    @property
    def ref(self) -> str:
        """The text reference used in audit entries."""
        return f"delegation:{self.pk}"
