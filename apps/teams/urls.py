"""Sign-in, API tokens, and the audit trail."""

from allauth.account import views as account
from django.urls import path, re_path

from apps.teams import views

# Only the pages of allauth that the portal offers: no sign-up, no change of e-mail, no reset by
# mail.
urlpatterns = [
    path("account/login/", account.login, name="account_login"),
    path("account/logout/", account.logout, name="account_logout"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    path("account/password/", account.password_change, name="account_change_password"),
    re_path(
        r"^account/link/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "account/link/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("audit/", views.audit, name="audit"),
    path("audit/export.csv", views.audit_csv, name="audit_csv"),
    path("account/tokens/", views.tokens, name="tokens"),
    path("account/tokens/new/", views.token_make, name="token_make"),
    path("account/tokens/<int:pk>/end/", views.token_end, name="token_end"),
]
