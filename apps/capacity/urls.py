"""Addresses of capacity."""

from django.urls import path

from apps.capacity import api

urlpatterns = [path("api/capacity/", api.capacity, name="api-capacity")]
