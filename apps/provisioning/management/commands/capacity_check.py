"""`manage capacity_check`: prove that promises, requests and resources explain each other.

It stands here because this is the first chapter that knows all three.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.kernel import formats
from apps.provisioning.selectors.balance import imbalances


class Command(BaseCommand):
    """Recompute every pool; exits 1 with a line for each difference."""

    help = "Check that every promise has a request or resource that explains it, and the reverse."

    def handle(self, *args: Any, **options: Any) -> None:
        """Check and tell."""
        wrong = list(imbalances())
        for sentence in wrong:
            self.stdout.write(sentence)
        if wrong:
            raise CommandError(f"{formats.plural(len(wrong), 'difference')} found.")
        self.stdout.write("Every promise is explained, and the pools add up.")
