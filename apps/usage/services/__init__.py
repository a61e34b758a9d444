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
from apps.usage.services.pricing import Line, explain
from apps.usage.services.saved_views import delete_view, save_view

__all__ = [
    "BATCH_ROWS",
    "Imported",
    "Line",
    "close_days",
    "delete_view",
    "drop_old_days",
    "ensure_days",
    "explain",
    "freeze_day",
    "import_file",
    "make_ahead",
    "midnight",
    "receive",
    "save_view",
]
