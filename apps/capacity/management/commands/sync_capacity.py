"""`manage sync_capacity`: read our limits from Azure now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.capacity import services
from apps.kernel.errors import PortalError


class Command(BaseCommand):
    """Sync every subscription of the settings."""

    help = "Read limits, use and real capacity of our subscriptions from Azure."

    def handle(self, *args: Any, **options: Any) -> None:
        """Sync, and say per subscription how it went; trouble is an error."""
        try:
            synced = services.sync_all()
        except PortalError as error:
            raise CommandError(error.message) from None
        if not synced:
            raise CommandError("No subscription is set: set AZURE_SUBSCRIPTION_ID.")
        for subscription in synced:
            self.stdout.write(f"{subscription.name}: {subscription.trouble or 'as of now'}")
        if any(subscription.trouble for subscription in synced):
            raise CommandError("What could not be read keeps its old numbers.")
