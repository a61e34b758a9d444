"""The catalogue's Django app."""

from django.apps import AppConfig
from django.core.signals import request_finished, request_started


class CatalogConfig(AppConfig):
    """What may be asked for, where, and its list price."""

    name = "apps.catalog"
    verbose_name = "catalogue"

    def ready(self) -> None:
        """Read the revision once per web request, and answer searches."""
        from apps.catalog import panels  # noqa: PLC0415  rows exist only once apps are ready
        from apps.catalog.selectors import snapshot  # noqa: PLC0415
        from apps.kernel.panels import register  # noqa: PLC0415

        request_started.connect(snapshot.begin_request, dispatch_uid="catalog.begin")
        request_finished.connect(snapshot.end_request, dispatch_uid="catalog.end")
        register(
            "search.results",
            "models",
            order=10,
            selector=panels.found_models,
            template="components/search_hits.html",
        )
