"""The usage chapter's Django app."""

from django.apps import AppConfig


class UsageConfig(AppConfig):
    """Measures what was built."""

    name = "apps.usage"
