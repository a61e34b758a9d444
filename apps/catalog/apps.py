"""The catalog chapter's Django app."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """What may be asked for, where, and its list price."""

    name = "apps.catalog"
