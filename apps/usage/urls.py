"""Addresses of how usage comes in."""

from django.urls import path

from apps.usage import views

urlpatterns = [
    path("usage/ingest/", views.usage_ingest, name="usage_ingest"),
]
