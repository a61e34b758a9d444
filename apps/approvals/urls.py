"""Addresses of deciding."""

from django.urls import path

from apps.approvals import api, views
from apps.approvals.views import policies

urlpatterns = [
    path("policies/", policies.policies, name="policies"),
    path("policies/versions.csv", policies.policies_csv, name="policies_csv"),
    path("policies/edit/", policies.edit, name="policies_edit"),
    path("policies/check/", policies.check, name="policies_check"),
    path("policies/put/", policies.put, name="policies_put"),
    path("policies/<int:number>/", policies.version, name="policy_version"),
    path("policies/<int:number>/text/", policies.version_text, name="policy_text"),
    path("inbox/", views.inbox, name="inbox"),
    path("requests/<int:pk>/approve/", views.approve, name="request_approve"),
    path("requests/<int:pk>/reject/", views.reject, name="request_reject"),
    path("requests/<int:pk>/ask/", views.ask, name="request_ask"),
    path("requests/<int:pk>/hand-on/", views.assign, name="request_hand_on"),
    path("requests/<int:pk>/offer/", views.offer_new, name="request_offer"),
    path("requests/<int:pk>/offer/accept/", views.offer_accept, name="request_offer_accept"),
    path("requests/<int:pk>/offer/decline/", views.offer_decline, name="request_offer_decline"),
    path(
        "requests/<int:pk>/offer/take-back/", views.offer_take_back, name="request_offer_take_back"
    ),
    path("delegations/", views.delegations, name="delegations"),
    path("delegations/new/", views.delegation_new, name="delegation_new"),
    path("delegations/<int:pk>/end/", views.delegation_end, name="delegation_end"),
    path("api/inbox/", api.inbox, name="api-inbox"),
    path("api/requests/<int:pk>/steps/", api.steps, name="api-request-steps"),
    path("api/requests/<int:pk>/approve/", api.approve, name="api-request-approve"),
    path("api/requests/<int:pk>/reject/", api.reject, name="api-request-reject"),
    path("api/requests/<int:pk>/ask/", api.ask, name="api-request-ask"),
    path("api/requests/<int:pk>/offer/", api.offer, name="api-request-offer"),
    path("api/requests/<int:pk>/offer/accept/", api.offer_accept, name="api-request-offer-accept"),
    path(
        "api/requests/<int:pk>/offer/decline/", api.offer_decline, name="api-request-offer-decline"
    ),
]
