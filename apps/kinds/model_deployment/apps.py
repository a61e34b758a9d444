"""The app of the request kind “model deployment”."""

from importlib import import_module

from django.apps import AppConfig


class ModelDeploymentConfig(AppConfig):
    """A model of Azure OpenAI, as one deployment type, in one region."""

    name = "apps.kinds.model_deployment"

    def ready(self) -> None:
        """Offer the kind, and say how it is built."""
        kinds = import_module("apps.requests.kinds")
        provisioner = import_module("apps.provisioning.provisioner")
        kind = import_module(f"{self.name}.kind").KIND
        builder = import_module(f"{self.name}.provision").ModelDeploymentProvisioner()
        kinds.KINDS.register(kind.slug, kind)
        provisioner.PROVISIONERS.register(kind.slug, builder)
