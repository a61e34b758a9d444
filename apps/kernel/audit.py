"""Write the audit trail."""

from typing import Any

from apps.kernel.actors import Actor
from apps.kernel.logs import correlation_id
from apps.kernel.models import AuditEntry


def record(
    *,
    subject: str,
    verb: str,
    by: Actor,
    subject_name: str = "",
    scope: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    note: str = "",
) -> AuditEntry:
    """Add one entry, in the caller's transaction: no act without its trace, no trace without it."""
    return AuditEntry.objects.create(
        actor=by.ref,
        actor_name=by.display_name,
        verb=verb,
        subject=subject,
        subject_name=subject_name[:200],
        scope=scope,
        before=before or {},
        after=after or {},
        note=note,
        correlation_id=correlation_id.get(),
    )
