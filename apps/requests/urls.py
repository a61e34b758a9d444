"""Addresses of requests: pages, acts and the API."""

from django.urls import path

from apps.requests import api, views

urlpatterns = [
    path("requests/", views.requests, name="requests"),
    path("requests/export.csv", views.requests_csv, name="requests_csv"),
    path("requests/new/<slug:kind>/", views.request_new, name="request_new"),
    path("requests/new/<slug:kind>/form/", views.request_form, name="request_form"),
    path("requests/<int:pk>/", views.request, name="request"),
    path("requests/<int:pk>/edit/", views.request_edit, name="request_edit"),
    path("requests/<int:pk>/progress/", views.request_progress, name="request_progress"),
    path("requests/<int:pk>/submit/", views.request_submit, name="request_submit"),
    path("requests/<int:pk>/change/", views.request_change, name="request_change"),
    path("requests/<int:pk>/withdraw/", views.request_withdraw, name="request_withdraw"),
    path("requests/<int:pk>/message/", views.request_message, name="request_message"),
    path("requests/<int:pk>/answer/", views.request_answer, name="request_answer"),
    path("requests/<int:pk>/clone/", views.request_clone, name="request_clone"),
    path("requests/<int:pk>/preset/", views.preset_save, name="request_preset"),
    path("presets/", views.presets, name="presets"),
    path("presets/<int:pk>/rename/", views.preset_rename, name="preset_rename"),
    path("presets/<int:pk>/delete/", views.preset_delete, name="preset_delete"),
    path("api/requests/", api.RequestList.as_view(), name="api-requests"),
    path("api/requests/<int:pk>/", api.RequestDetail.as_view(), name="api-request"),
    path("api/requests/<int:pk>/submit/", api.submit, name="api-request-submit"),
    path("api/requests/<int:pk>/withdraw/", api.withdraw, name="api-request-withdraw"),
    path("api/requests/<int:pk>/messages/", api.Messages.as_view(), name="api-request-messages"),
    path("api/kinds/<slug:kind>/options/", api.options, name="api-kind-options"),
    path("api/kinds/<slug:kind>/estimate/", api.estimate, name="api-kind-estimate"),
]
