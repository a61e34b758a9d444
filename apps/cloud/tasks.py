"""What the schedule starts."""

from celery import shared_task
from django.utils import timezone

from apps.cloud import services


@shared_task
def forget_calls() -> None:
    """Delete old records of calls to Azure (every hour, so that there are never many)."""
    services.forget_calls(now=timezone.now())
