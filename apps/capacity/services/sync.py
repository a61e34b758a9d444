"""Read our limits from Azure."""

from apps.capacity import collectors
from apps.capacity.models import Subscription


def sync_all() -> list[Subscription]:
    """Read the limits of all our subscriptions from Azure; returns them, with their trouble."""
    return collectors.sync_all()
