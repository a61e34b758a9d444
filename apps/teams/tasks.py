"""What the schedule starts."""

from celery import shared_task

from apps.teams import services


@shared_task
def forget_sessions() -> None:
    """Delete the sessions that have run out (every hour)."""
    services.forget_sessions()
