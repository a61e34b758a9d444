"""The requests chapter's Django app."""

from django.apps import AppConfig


class RequestsConfig(AppConfig):
    """What a team asked for, and where the ask stands."""

    name = "apps.requests"
