"""The capacity chapter's Django app."""

from importlib import import_module

from django.apps import AppConfig

from apps.kernel.panels import register


class CapacityConfig(AppConfig):
    """What may still be promised, and where it goes."""

    name = "apps.capacity"

    def ready(self) -> None:
        """Put the free amounts into the pages that ask for them."""
        panels = import_module("apps.capacity.panels")
        register(
            "model.grid",
            "capacity.grid",
            order=10,
            selector=panels.model_grid,
            template="capacity/grid.html",
            queries=6,
        )
        register(
            "catalogue.free",
            "capacity.free",
            order=10,
            selector=panels.free_now,
            template="capacity/free.html",
            queries=2,
        )
        register(
            "request.main",
            "capacity.effect",
            order=20,
            selector=panels.effect_of_a_yes,
            template="capacity/effect.html",
        )
        register(
            "home.figures",
            "capacity.tightest",
            order=40,
            selector=panels.tightest_figure,
            template="components/kpis.html",
        )
        register(
            "home.side",
            "capacity.tight",
            order=10,
            selector=panels.tight_pools,
            template="capacity/tight.html",
        )
