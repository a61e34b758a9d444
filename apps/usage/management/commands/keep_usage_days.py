"""`manage keep_usage_days`: make partitions ahead, close days that are over, drop old ones."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.usage import services


class Command(BaseCommand):
    """Do now what the schedule does every hour."""

    help = "Make partitions ahead, give days that are over their indexes, drop raw days of old."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say what was done."""
        services.make_ahead()
        closed, dropped = services.close_days(), services.drop_old_days()
        self.stdout.write(f"{len(closed)} days closed, {len(dropped)} dropped.")
