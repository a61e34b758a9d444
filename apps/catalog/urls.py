"""The catalogue's addresses."""

from django.urls import path

from apps.catalog import api, views

urlpatterns = [
    path("catalogue/", views.catalogue, name="catalogue"),
    path("catalogue/models/<str:name>/", views.model, name="model"),
    path("catalogue/residency/", views.residency, name="residency"),
    path("catalogue/residency/<int:pk>/", views.residency_change, name="residency_change"),
    path("api/models/", api.models, name="api-models"),
    path("api/models/<str:name>/", api.model, name="api-model"),
    path("api/places/", api.places, name="api-places"),
    path("api/prices/", api.price, name="api-prices"),
]
