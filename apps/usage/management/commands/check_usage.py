"""`manage check_usage`: prove that raw rows and rollups say the same, and nothing is late."""

from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.kernel import formats
from apps.usage import selectors
from apps.usage.services import midnight


class Command(BaseCommand):
    """Compare every count, token class and nano; exits 1 with a line for each difference."""

    help = (
        "Check that raw rows = minutes = hours = days, that no background work is late and no "
        "partition is missing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the days to compare; without them all that exist."""
        parser.add_argument("--from", dest="first", type=date.fromisoformat, help="first UTC day")
        parser.add_argument(
            "--to", dest="last", type=date.fromisoformat, help="last UTC day, inclusive"
        )

    def handle(self, *args: Any, first: date | None, last: date | None, **options: Any) -> None:
        """Check and tell."""
        known = selectors.span()
        wrong = selectors.late()
        if known:
            start = midnight(first) if first else known[0]
            end = midnight(last + timedelta(days=1)) if last else known[1]
            if end <= start:
                raise CommandError("The last day is before the first. A later --to would pass.")
            different, waiting = selectors.compare(start, end)
            wrong += different
            days = (end - start).days - len(waiting)
            self.stdout.write(f"Compared {days} days from {start:%Y-%m-%d} on.")
            if waiting:
                names = ", ".join(str(day) for day in waiting)
                self.stdout.write(f"Not compared, as rows of them wait for their rollups: {names}.")
        else:
            self.stdout.write("There is no usage yet.")
        for line in wrong:
            self.stdout.write(line)
        if wrong:
            things = formats.plural(len(wrong), "thing is", "things are")
            raise CommandError(f"{things} wrong.")
        self.stdout.write("Raw rows, minutes, hours and days agree; nothing is late.")
