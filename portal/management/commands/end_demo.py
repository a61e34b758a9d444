"""`manage end_demo`: close every demo account."""

from typing import Any

from django.core.management.base import BaseCommand

from portal import demo


class Command(BaseCommand):
    """Close the demo accounts, so that the portal starts outside demo mode."""

    help = "Close every demo account."

    def handle(self, *args: Any, **options: Any) -> None:
        """Close them and say how many there were."""
        self.stdout.write(f"{demo.end_demo()} demo accounts closed.")
