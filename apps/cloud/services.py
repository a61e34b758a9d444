"""Keep the record of calls to Azure as long as somebody may ask about one."""

from datetime import datetime, timedelta

from apps.cloud.models import AzureCall

# Longer than a job waits for a person; Azure's own activity log goes back 90 days.
KEPT = timedelta(days=30)


def forget_calls(*, now: datetime) -> int:
    """Delete the calls that are older than KEPT; returns how many there were."""
    return AzureCall.objects.filter(at__lt=now - KEPT).delete()[0]
