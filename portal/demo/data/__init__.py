"""The rest of Northwind, as tables: units, teams, workloads, deployments."""

import csv
from pathlib import Path

HERE = Path(__file__).parent


def rows(table: str) -> list[dict[str, str]]:
    """Read a table of this folder."""
    with (HERE / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
