"""Store usage exactly once, and keep its days."""

from apps.usage.services.days import (
    close_days,
    drop_old_days,
    ensure_days,
    freeze_day,
    make_ahead,
    midnight,
)
from apps.usage.services.imports import Imported, import_file
from apps.usage.services.ingest import BATCH_ROWS, receive

__all__ = [
    "BATCH_ROWS",
    "Imported",
    "close_days",
    "drop_old_days",
    "ensure_days",
    "freeze_day",
    "import_file",
    "make_ahead",
    "midnight",
    "receive",
]
