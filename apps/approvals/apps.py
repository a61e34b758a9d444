"""The approvals chapter's Django app."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    """Who must say yes."""

    name = "apps.approvals"
