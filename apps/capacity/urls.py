"""The addresses of pools, allowances and findings, and of capacity for programs."""

from django.urls import path

from apps.capacity import api, views

urlpatterns = [
    path("capacity/", views.pools, name="capacity"),
    path("capacity/pools/<int:pk>/", views.pool, name="capacity_pool"),
    path("capacity/pools/<int:pk>/allowance/", views.allowance, name="capacity_allowance"),
    path("capacity/findings/<int:pk>/explain/", views.finding_explain, name="finding_explain"),
    path("capacity/findings/<int:pk>/adopt/", views.finding_adopt, name="finding_adopt"),
    path("capacity/findings/<int:pk>/drop/", views.finding_drop, name="finding_drop"),
    path("api/capacity/", api.capacity, name="api-capacity"),
]
