"""Addresses of how usage comes in, and of its API."""

from django.urls import path

from apps.usage import api, views

urlpatterns = [
    path("usage/ingest/", views.usage_ingest, name="usage_ingest"),
    path("api/usage/", api.usage, name="api-usage"),
]
