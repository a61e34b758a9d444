"""Addresses of deciding."""

from django.urls import path

from apps.approvals import views

urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("requests/<int:pk>/approve/", views.approve, name="request_approve"),
    path("requests/<int:pk>/reject/", views.reject, name="request_reject"),
    path("requests/<int:pk>/ask/", views.ask, name="request_ask"),
]
