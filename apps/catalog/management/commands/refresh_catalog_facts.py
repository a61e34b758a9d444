"""Write the catalogue's data files from a directory of collected sources (for maintainers)."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.catalog.collectors import collect, files


class Command(BaseCommand):
    """Read DIR (azure_docs, prices, finops) and write apps/catalog/data/*.csv."""

    help = "Rewrite the catalogue's data files from a directory of collected sources."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the directory, and where to write."""
        parser.add_argument("directory", type=Path, metavar="DIR")
        parser.add_argument("--into", type=Path, default=files.DATA, help="where to write (data/)")

    def handle(self, *args: Any, directory: Path, into: Path, **options: Any) -> None:
        """Write the files, then say what was refused and where the sources disagree."""
        try:
            collected = collect.collect(directory)
        except FileNotFoundError as error:
            raise CommandError(
                f"{error.filename} is missing. DIR needs azure_docs/, prices/ and finops/."
            ) from error
        for name, rows in collected.tables.items():
            text = files.text(name, rows)
            (into / f"{name}.csv").write_text(text, encoding="utf-8")
            self.stdout.write(f"{name}.csv: {text.count(chr(10)) - 1} rows")
        self.stdout.write("Price rows not taken:")
        for (reason, unit), count in sorted(collected.refused.items()):
            self.stdout.write(f"  {count:>4} in {unit}: {reason}")
        for table, models in collected.left_out.items():
            self.stdout.write(f"{table}, no Azure OpenAI offer: {', '.join(models)}")
        differs = sorted(
            row["model"]
            for row in collected.tables["second_opinions"]
            if row["verdict"] != "azure silent"
        )
        self.stdout.write(f"The price map disagrees on {len(differs)} prices: {', '.join(differs)}")
