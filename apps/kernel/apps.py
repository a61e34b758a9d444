"""The kernel's Django app."""

from django.apps import AppConfig

from apps.kernel import logs


class KernelConfig(AppConfig):
    """Words that every chapter shares."""

    name = "apps.kernel"

    def ready(self) -> None:
        """Send every log line through structlog."""
        logs.configure()
