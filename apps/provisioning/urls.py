"""Addresses of the work for a request, and of what was built."""

from django.urls import path

from apps.provisioning import api, views

urlpatterns = [
    path("requests/<int:pk>/what-if/", views.request_what_if_redo, name="request_what_if_redo"),
    path("jobs/<int:pk>/retry/", views.job_retry, name="job_retry"),
    path("jobs/<int:pk>/give-up/", views.job_give_up, name="job_give_up"),
    path("resources/", views.resources, name="resources"),
    path("resources/<int:pk>/", views.resource, name="resource"),
    path("resources/<int:pk>/change/", views.resource_change, name="resource_change"),
    path("resources/<int:pk>/renew/", views.resource_renew, name="resource_renew"),
    path("resources/<int:pk>/decommission/", views.resource_decommission, name="resource_end"),
    path("resources/<int:pk>/restore/", views.resource_restore, name="resource_restore"),
    path("api/resources/", api.resources, name="api-resources"),
    path("api/resources/<int:pk>/", api.resource, name="api-resource"),
    path("api/resources/<int:pk>/change/", api.change, name="api-resource-change"),
    path("api/resources/<int:pk>/renew/", api.renew, name="api-resource-renew"),
    path("api/resources/<int:pk>/decommission/", api.decommission, name="api-resource-end"),
    path("api/resources/<int:pk>/restore/", api.restore, name="api-resource-restore"),
]
