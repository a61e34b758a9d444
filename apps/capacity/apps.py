"""The capacity chapter's Django app."""

from django.apps import AppConfig


class CapacityConfig(AppConfig):
    """What may still be promised, and where it goes."""

    name = "apps.capacity"
