"""The notices chapter's Django app."""

from importlib import import_module

from django.apps import AppConfig

from apps.kernel.panels import register


class NoticesConfig(AppConfig):
    """Tells people."""

    name = "apps.notices"

    def ready(self) -> None:
        """Put the bell on every page, and what cannot be sent on the home of those who can help."""
        panels = import_module("apps.notices.panels")
        for slot, name, order, template, queries in (
            ("top.bell", "bell", 10, "notices/bell.html", 0),
            ("home.needs_me", "unsent", 30, "components/todos.html", 2),
        ):
            register(
                slot,
                f"notices.{name}",
                order=order,
                selector=getattr(panels, name),
                template=template,
                queries=queries,
            )
