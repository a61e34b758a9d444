"""The catalogue's addresses."""

from django.urls import path

from apps.catalog import views

urlpatterns = [
    path("catalogue/", views.catalogue, name="catalogue"),
    path("catalogue/models/<str:name>/", views.model, name="model"),
    path("catalogue/residency/", views.residency, name="residency"),
    path("catalogue/residency/<int:pk>/", views.residency_change, name="residency_change"),
]
