"""Figures: a question, its answer in words, the marks that plotly draws, and the same as a table.

The one door to plotly. Values come as the rows hold them (tokens, nano-USD, ms, shares of one) and
a `Unit` says what they are; None is a gap.
"""

from apps.dashboards.figures.axes import round_up
from apps.dashboards.figures.forms import (
    heat_table,
    lines,
    percentile_lines,
    ranked_bars,
    share_line,
    slots,
    stacked_bars,
)
from apps.dashboards.figures.words import (
    REQUESTS,
    SECONDS,
    SHARE,
    TOKENS,
    USD,
    Figure,
    Key,
    Limit,
    Note,
    Unit,
    Words,
)

__all__ = [
    "REQUESTS",
    "SECONDS",
    "SHARE",
    "TOKENS",
    "USD",
    "Figure",
    "Key",
    "Limit",
    "Note",
    "Unit",
    "Words",
    "heat_table",
    "lines",
    "percentile_lines",
    "ranked_bars",
    "round_up",
    "share_line",
    "slots",
    "stacked_bars",
]
