"""The teams chapter's Django app."""

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """Who asks, who decides, who pays."""

    name = "apps.teams"
