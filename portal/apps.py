"""The composition root: wires who listens to whom when Django is ready."""

from importlib import import_module

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Composes the chapters."""

    name = "portal"

    def ready(self) -> None:
        """Tell the story, to our own Celery, and see that no demo account outlives demo mode."""
        import_module("portal.celery")
        import_module("portal.story")
        import_module("portal.checks")
        import_module("portal.openapi")
