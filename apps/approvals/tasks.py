"""What the schedule starts."""

from celery import shared_task

from apps.approvals import services


@shared_task
def keep_time() -> None:
    """Remind, escalate and let expire what has waited long enough (every minute)."""
    services.keep_time()
