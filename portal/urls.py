"""Every address of the portal; each chapter lists its own."""

from django.contrib.auth.decorators import login_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from portal import views

urlpatterns = [
    path("", views.home, name="home"),
    path("search", views.search, name="search"),
    path("health/live", views.live, name="health_live"),
    path("health/ready", views.ready, name="health_ready"),
    path("", include("apps.teams.urls")),
    path("", include("apps.catalog.urls")),
    path("", include("apps.capacity.urls")),
    path("", include("apps.requests.urls")),
    path("", include("apps.approvals.urls")),
    path("", include("apps.provisioning.urls")),
    path("", include("apps.usage.urls")),
    path("", include("apps.dashboards.urls")),
    path("", include("apps.notices.urls")),
    path("api/schema/", login_required(SpectacularAPIView.as_view()), name="api_schema"),
    path(
        "api/docs/",
        login_required(SpectacularSwaggerSplitView.as_view(url_name="api_schema")),
        name="api_docs",
    ),
]
handler400 = "portal.views.bad_request"
