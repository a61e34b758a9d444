"""What the schedule starts; each may run twice or late without harm."""

from celery import shared_task

from apps.usage import rollups, services


@shared_task
def roll() -> None:
    """Recompute the sums of hours and days that have new rows."""
    rollups.roll_tick()


@shared_task
def sketch() -> None:
    """Recompute the latency sketches of hours and days that have new sums."""
    rollups.sketch_tick()


@shared_task
def keep_days() -> None:
    """Make partitions ahead, close days that are over, drop what is older than its time."""
    services.make_ahead()
    services.close_days()
    services.drop_old_days()
