"""How much may still be promised, to whom, and where things were placed.

Quota and real capacity are two answers: what our subscription may use, and what Azure's machines
can take. Both are the same for everybody, so those selectors take no viewer.
"""

from apps.capacity.selectors.levels import Level, left_of, levels, tightest_level
from apps.capacity.selectors.pools import (
    Free,
    Placed,
    Share,
    every_subscription,
    free,
    free_by_region,
    frees,
    label_of,
    last_synced_at,
    machines_of,
    place_of,
    pools_of_subject,
    real_capacities,
    real_capacity,
    sku_of,
    subscriptions,
    tightest,
)

__all__ = [
    "Free",
    "Level",
    "Placed",
    "Share",
    "every_subscription",
    "free",
    "free_by_region",
    "frees",
    "label_of",
    "last_synced_at",
    "left_of",
    "levels",
    "machines_of",
    "place_of",
    "pools_of_subject",
    "real_capacities",
    "real_capacity",
    "sku_of",
    "subscriptions",
    "tightest",
    "tightest_level",
]
