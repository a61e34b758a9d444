"""Addresses of notices: the list, preferences, and what is sent."""

from django.urls import path

from apps.notices import views

urlpatterns = [
    path("notices/", views.notices, name="notices"),
    path("notices/bell/", views.bell, name="notice_bell"),
    path("notices/read/", views.read_all, name="notices_read_all"),
    path("notices/<int:pk>/read/", views.read, name="notice_read"),
    path("notices/preferences/", views.preferences, name="notice_preferences"),
    path("notices/preferences/save/", views.save, name="notice_preferences_save"),
    path("notices/deliveries/", views.deliveries, name="notice_deliveries"),
    path("notices/deliveries/<int:pk>/retry/", views.retry, name="notice_delivery_retry"),
    path("notices/channels/add/", views.add_channel, name="teams_channel_add"),
    path("notices/channels/<int:pk>/remove/", views.remove_channel, name="teams_channel_remove"),
]
