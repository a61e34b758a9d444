"""Load the catalogue's data files (part of every start)."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from apps.catalog import services
from apps.catalog.collectors import files


class Command(BaseCommand):
    """Load apps/catalog/data/*.csv; nothing happens where they are loaded already."""

    help = "Load the catalogue's data files into the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take another directory of the same files."""
        parser.add_argument("--directory", type=Path, default=files.DATA)

    def handle(self, *args: Any, directory: Path, **options: Any) -> None:
        """Load, and say what there is."""
        loaded = services.load_catalog(directory=directory)
        if not loaded.changed:
            self.stdout.write("The catalogue is up to date.")
            return
        rows = ", ".join(f"{count} {name}" for name, count in loaded.rows.items())
        self.stdout.write(f"The catalogue is loaded: {rows}.")
