"""Addresses of what was measured."""

from django.urls import URLPattern, path

from apps.dashboards.views import calls, deployment, latency, saved, usage

urlpatterns: list[URLPattern] = [
    path("usage/", usage.usage, name="usage"),
    path("usage/views/", saved.view_save, name="view_save"),
    path("usage/views/<int:pk>/delete/", saved.view_delete, name="view_delete"),
    path("resources/<int:pk>/minutes/", deployment.minutes, name="resource_minutes"),
    path("cost/", usage.cost, name="cost"),
    path("latency/", latency.latency, name="latency"),
    path("calls/", calls.calls, name="calls"),
    path("calls/<int:workload>/<int:at_us>/<uuid:event>/", calls.call, name="call"),
]
