"""The dashboards chapter's Django app."""

from importlib import import_module

from django.apps import AppConfig

from apps.kernel.panels import register


class DashboardsConfig(AppConfig):
    """What was measured, as people see it."""

    name = "apps.dashboards"

    def ready(self) -> None:
        """Put usage into the pages that ask for it."""
        for slot, module, name, order, template, queries in (
            ("home.headline", "home.finance", "headline", 10, "home_headline", 3),
            ("home.side", "home.lead", "cost", 20, "home_cost", 4),
            ("home.figures", "home.lead", "figures", 20, "kpis", 4),
            ("home.figures", "home.admin", "figures", 50, "kpis", 1),
            ("home.figures", "home.finance", "figures", 20, "kpis", 3),
            ("home.main", "home.lead", "deployments", 10, "home_deployments", 5),
            ("home.main", "home.admin", "ingest", 10, "home_ingest", 1),
            ("home.main", "home.finance", "month_by_unit", 10, "home_units", 3),
            ("request.grounds", "request", "cost", 10, "request_cost", 3),
            ("request.grounds", "request", "need", 20, "request_need", 7),
            ("resource.main", "deployment", "traffic", 5, "deployment", 6),
        ):
            folder = "components" if template == "kpis" else "dashboards"
            register(
                slot,
                f"dashboards.{module}.{name}",
                order=order,
                selector=getattr(import_module(f"apps.dashboards.panels.{module}"), name),
                template=f"{folder}/{template}.html",
                queries=queries,
            )
