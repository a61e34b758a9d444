"""The access chapter's Django app."""

from importlib import import_module

from django.apps import AppConfig

from apps.kernel.panels import register


class AccessConfig(AppConfig):
    """The way in."""

    name = "apps.access"

    def ready(self) -> None:
        """Put the way in on the page of a resource."""
        panels = import_module("apps.access.panels")
        register(
            "resource.main",
            "access.way_in",
            order=10,
            selector=panels.way_in,
            template="access/way_in.html",
            queries=1,
        )
        register(
            "resource.side",
            "access.who",
            order=10,
            selector=panels.who_and_how_much,
            template="access/who.html",
            queries=2,
        )
