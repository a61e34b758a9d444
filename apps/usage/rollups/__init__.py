"""Recompute hours and days from raw rows; repeatable, so late and repeated rows cannot hurt."""

from apps.usage.rollups.passes import (
    roll_all,
    roll_dirty,
    roll_sketches,
    roll_tick,
    sketch_tick,
)

__all__ = ["roll_all", "roll_dirty", "roll_sketches", "roll_tick", "sketch_tick"]
