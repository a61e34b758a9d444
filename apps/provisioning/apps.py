"""The provisioning chapter's Django app."""

from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    """Builds what was approved."""

    name = "apps.provisioning"
