"""The audit trail: one row for each act, never changed afterwards."""

from django.db import models
from django.db.models.functions import Now


class AuditEntry(models.Model):
    """Who did what to what, when. The database refuses UPDATE and DELETE (migration 0001).

    `actor` and `subject` are text references (`person:7`, `request:42`), names are frozen beside
    them. `scope` is a path (`bu:1/team:3`) that decides who may read the entry.
    """

    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=60)
    actor_name = models.CharField(max_length=200)
    verb = models.CharField(max_length=60)
    subject = models.CharField(max_length=100)
    subject_name = models.CharField(max_length=200, blank=True)
    scope = models.CharField(max_length=100, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    correlation_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "id"], name="audit_subject"),
            models.Index(
                fields=["scope", "id"],
                opclasses=["text_pattern_ops", "int8_ops"],
                name="audit_scope",
            ),
        ]
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.actor_name} {self.verb} {self.subject_name or self.subject}"
