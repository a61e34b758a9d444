"""The cloud chapter's Django app."""

from django.apps import AppConfig


class CloudConfig(AppConfig):
    """The one door to Azure; it knows no chapter."""

    name = "apps.cloud"
