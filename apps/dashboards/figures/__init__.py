"""Figures: a question, its answer in words, the marks that plotly draws, and the same as a table.

The one door to plotly. Values come as the rows hold them (tokens, nano-USD, ms, shares of one) and
a `Unit` says what they are; None is a gap.
"""

from apps.dashboards.figures.forms import (
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
    "lines",
    "percentile_lines",
    "ranked_bars",
    "share_line",
    "slots",
    "stacked_bars",
]
