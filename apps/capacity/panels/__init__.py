"""What capacity shows, on its own pages and on those of other chapters."""

from apps.capacity.panels.effect import effect_of_a_yes, tight_pools, tightest_figure
from apps.capacity.panels.grid import FreeNow, free_now, model_grid
from apps.capacity.panels.pools import committed, kpis_of, row_of, tier_words

__all__ = [
    "FreeNow",
    "committed",
    "effect_of_a_yes",
    "free_now",
    "kpis_of",
    "model_grid",
    "row_of",
    "tier_words",
    "tight_pools",
    "tightest_figure",
]
