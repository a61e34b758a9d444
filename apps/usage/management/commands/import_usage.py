"""`manage import_usage`: receive a file of calls, and say what became of each row."""

import csv
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.kernel import exports, formats
from apps.kernel.errors import PortalError
from apps.usage import rollups, services
from apps.usage.collectors import FORMATS
from apps.usage.protocols import Refused
from apps.usage.services import Imported

COUNTS = ("received", "inserted", "duplicate", "refused")
WANTED = ("format", "workload", "deployment", "shift_days", "source", "adopt")


class Command(BaseCommand):
    """Import FILE; the same rows again, under whatever name, add nothing."""

    help = "Import a file of calls. Each call counts once, however often its file is imported."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file, what it is, and whose calls are in it."""
        add = parser.add_argument
        add("file", type=Path, metavar="FILE", help="plain or gzip; Parquet as it is")
        add("--format", required=True, choices=[*FORMATS])
        add("--workload", default="", help="of rows that name none: [TEAM/]WORKLOAD")
        add("--deployment", default="", help="of rows that name none: NAME or resource:ID")
        add("--shift-days", type=int, default=0, metavar="N", help="add N days to every time")
        add("--source", default="files", metavar="S", help="where the rows come from (files)")
        add("--adopt", action="store_true", help="grant what was called without a grant")
        add("--refused", type=Path, metavar="FILE", help="for refused rows (FILE.refused.csv here)")

    def handle(self, *args: Any, file: Path, refused: Path | None, **options: Any) -> None:
        """Import, then bring the totals up to date; refused rows are an error."""
        aside = (refused or Path(f"{file.name}.refused.csv")).resolve()
        try:
            with _written(aside, file) as refuse:
                wanted = {name: options[name] for name in WANTED}
                imported = services.import_file(path=file, refuse=refuse, **wanted)
        except PortalError as error:
            raise CommandError(error.message) from None
        rollups.roll_all()
        self._say(imported)
        if imported.refused:
            rows = formats.plural(imported.refused, "row was", "rows were")
            raise CommandError(f"{rows} refused: see {aside}.")

    def _say(self, imported: Imported) -> None:
        counts = {name: formats.number(getattr(imported, name)) for name in COUNTS}
        width = max(map(len, counts.values()))
        for name, count in counts.items():
            self.stdout.write(f"{name:<10} {count:>{width}}")
        for grant in imported.adopted:
            ends = (formats.moment_exact(at) for at in (grant.from_at, grant.to_at) if at)
            self.stdout.write(f"Adopted: {grant}, {' to '.join(ends)}.")
        if imported.evidence:
            rows = formats.plural(imported.evidence, "row is", "rows are")
            self.stdout.write(
                self.style.WARNING(
                    f"{rows} evidence and in no total: another source bills these pairs."
                )
            )
        if not imported.received:
            self.stdout.write(self.style.WARNING("There is no row in the file."))


@contextmanager
def _written(aside: Path, source: Path) -> Iterator[Callable[[Refused], None]]:
    """Hand out what writes a refused row to `aside`; no row, no file."""
    if aside.exists() and source.exists() and aside.samefile(source):
        raise CommandError(f"{aside} is what is to be read. Another --refused would pass.")
    try:
        # A lone surrogate of a JSON text has no UTF-8.
        file = aside.open("w", encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as error:
        raise CommandError(f"{aside} cannot be written: {error.strerror}.") from None
    count = 0

    def refuse(row: Refused) -> None:
        nonlocal count
        count += 1
        writer.writerow([row.line, row.reason, exports.harmless(row.text)])

    try:
        with file:
            writer = csv.writer(file)
            writer.writerow(["line", "reason", "text"])
            yield refuse
    finally:
        if not count:
            aside.unlink()
