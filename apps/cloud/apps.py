"""The cloud chapter's Django app."""

from django.apps import AppConfig

from apps.kernel.secrets import register_scheme


class CloudConfig(AppConfig):
    """The one door to Azure; it knows no chapter."""

    name = "apps.cloud"

    def ready(self) -> None:
        """Teach secret references to read Key Vault."""
        from apps.cloud.secrets import from_key_vault  # noqa: PLC0415  the SDK takes 0.5 s

        register_scheme("keyvault", from_key_vault)
