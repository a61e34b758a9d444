"""The few addresses that the shell names, so that it renders without the chapters."""

from django.http import HttpRequest, HttpResponse
from django.urls import path


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def no_news(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204)


urlpatterns = [
    path("search", nothing, name="search"),
    path("notices/", nothing, name="notices"),
    path("notices/bell/", no_news, name="notice_bell"),
    path("accounts/login/", nothing, name="account_login"),
    path("accounts/logout/", nothing, name="account_logout"),
    path("accounts/password/change/", nothing, name="account_change_password"),
    path("accounts/password/set/", nothing, name="account_set_password"),
    path("accounts/password/reset/", nothing, name="account_reset_password"),
]
