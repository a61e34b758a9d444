"""The provisioning chapter's Django app."""

from importlib import import_module

from django.apps import AppConfig

from apps.kernel.panels import register


class ProvisioningConfig(AppConfig):
    """Builds what was approved."""

    name = "apps.provisioning"

    def ready(self) -> None:
        """Put the work and its results into the pages that ask for them."""
        panels = import_module("apps.provisioning.panels")
        for slot, name, order, template, queries in (
            ("request.main", "what_changes", 10, "provisioning/what_changes.html", 6),
            ("request.main", "progress", 5, "provisioning/progress.html", 4),
            ("request.timeline", "timeline", 30, "components/timeline_items.html", 2),
            ("request.actions", "actions", 30, "provisioning/actions.html", 3),
            ("home.needs_me", "stuck", 10, "components/todos.html", 2),
            ("home.needs_me", "ends_soon", 30, "components/todos.html", 2),
            ("search.results", "search", 30, "components/search_hits.html", 2),
            ("resource.actions", "acts", 10, "provisioning/acts.html", 3),
            ("resource.main", "ending", 0, "provisioning/ending.html", 3),
            ("resource.side", "facts", 20, "provisioning/facts.html", 4),
        ):
            register(
                slot,
                f"provisioning.{name}",
                order=order,
                selector=getattr(panels, name),
                template=template,
                queries=queries,
            )
