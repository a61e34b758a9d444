"""Capacity has no pages of its own yet: its panels stand on other pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
