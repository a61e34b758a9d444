"""The dashboards chapter's Django app."""

from django.apps import AppConfig


class DashboardsConfig(AppConfig):
    """What was measured, as people see it."""

    name = "apps.dashboards"
