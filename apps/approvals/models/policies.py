"""The policy document, version by version."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class PolicyVersion(models.Model):
    """One state of the policy document, never changed; exactly one is in force."""

    number = models.PositiveIntegerField(unique=True)
    text = models.TextField()
    note = models.CharField(max_length=300)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField(db_default=Now())
    active = models.BooleanField(default=False)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["active"], condition=models.Q(active=True), name="one_policy_in_force"
            )
        ]

    def __str__(self) -> str:
        return f"policies, version {self.number}"

    @property
    def ref(self) -> str:
        """The text reference used in audit entries."""
        return f"policy:{self.number}"
