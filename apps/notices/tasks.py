"""What the schedule starts; each may run twice or late without harm."""

from celery import shared_task
from django.utils import timezone

from apps.notices import services, worker


@shared_task
def send() -> None:
    """Send what waits (every few seconds)."""
    worker.tick(now=timezone.now())


@shared_task
def forget_old() -> None:
    """Delete old notices (every hour)."""
    services.forget_old(now=timezone.now())
