"""What the schedule starts."""

from celery import shared_task

from apps.capacity import services


@shared_task
def sync_all() -> None:
    """Read our limits from Azure (every ten minutes; two at once do no harm)."""
    services.sync_all()
