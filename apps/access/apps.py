"""The access chapter's Django app."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """The way in."""

    name = "apps.access"
