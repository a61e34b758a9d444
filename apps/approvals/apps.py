"""The approvals chapter's Django app."""

from importlib import import_module

from django.apps import AppConfig

from apps.kernel.panels import register

TODOS = "components/todos.html"


class ApprovalsConfig(AppConfig):
    """Who must say yes."""

    name = "apps.approvals"

    def ready(self) -> None:
        """Put buttons, steps and rules into the pages of a request, and the inbox on home."""
        panels = import_module("apps.approvals.panels")
        selectors = import_module("apps.approvals.selectors")
        import_module("apps.requests.selectors").DECIDING.register("approvals", selectors.DECIDING)
        for slot, order, selector, template, queries in (
            ("request.actions", 20, panels.actions, "approvals/actions.html", 8),
            ("request.main", 1, panels.offer, "approvals/offer.html", 8),
            ("request.timeline", 20, panels.timeline, "components/timeline_items.html", 12),
            ("request.side", 5, panels.choices, "approvals/choices.html", 4),
            ("request.side", 20, panels.rules, "approvals/rules.html", 4),
            ("request.side", 30, panels.others, "approvals/others.html", 4),
            ("form.side", 10, panels.who_decides, "approvals/who_decides.html", 1),
            ("home.needs_me", 20, panels.needs_me, TODOS, 4),
            ("home.figures", 10, panels.home_figures, "components/kpis.html", 4),
        ):
            register(
                slot,
                f"approvals.{selector.__name__}",
                order=order,
                selector=selector,
                template=template,
                queries=queries,
            )
