"""The requests chapter's Django app."""

from importlib import import_module

from django.apps import AppConfig

from apps.kernel.panels import register

TODOS = "components/todos.html"
TIMELINE = "components/timeline_items.html"


class RequestsConfig(AppConfig):
    """What a team asked for, and where the ask stands."""

    name = "apps.requests"

    def ready(self) -> None:
        """Put a request's own parts into its page, and what is owed and moves on home."""
        panels = import_module("apps.requests.panels")
        for slot, order, selector, template, queries in (
            ("request.actions", 10, panels.actions, "requests/actions.html", 2),
            ("request.main", 4, panels.act, "requests/act.html", 4),
            ("request.main", 5, panels.summary, "requests/summary.html", 2),
            ("request.timeline", 10, panels.begun, TIMELINE, 2),
            ("request.timeline", 90, panels.ended, TIMELINE, 2),
            ("request.side", 10, panels.estimate, "requests/estimate_card.html", 0),
            ("home.needs_me", 10, panels.needs_me, TODOS, 4),
            ("home.under_way", 10, panels.under_way, TODOS, 4),
            ("search.results", 20, panels.found, "components/search_hits.html", 4),
        ):
            register(
                slot,
                f"requests.{selector.__name__}",
                order=order,
                selector=selector,
                template=template,
                queries=queries,
            )
