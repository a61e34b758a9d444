"""Which calls were made to Azure: no bodies, no secrets."""

from django.db import models
from django.db.models.functions import Now


class AzureCall(models.Model):
    """One HTTP exchange with Azure Resource Manager, kept 30 days; `subject` is e.g. `job:17`."""

    at = models.DateTimeField(db_default=Now())
    subject = models.CharField(max_length=60, blank=True)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=600)
    status = models.PositiveSmallIntegerField(null=True)
    took_ms = models.PositiveIntegerField()
    client_request_id = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    correlation_request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "id"], name="azurecall_subject"),
            models.Index(fields=["at"], name="azurecall_at"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} → {self.status}"
