"""Read from Azure what our subscriptions may use, what they use, and what machines can take."""

from apps.capacity.collectors.sync import sync_all, sync_subscription

__all__ = ["sync_all", "sync_subscription"]
