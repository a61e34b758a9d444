"""Settings: everything comes from the environment; the defaults are safe, not convenient."""

import re
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.text import slugify

from apps.kernel.logs import logging_at
from apps.kernel.secrets import resolve
from portal.schedule import SCHEDULE

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if env.bool("PORTAL_READ_ENV_FILE", default=True) and (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")

# The site
PORTAL_BASE_URL = env.str("PORTAL_BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
PORTAL_BIND_HOST = env.str("PORTAL_BIND_HOST", default="127.0.0.1")
_secure = PORTAL_BASE_URL.startswith("https://")
_host = urlsplit(PORTAL_BASE_URL).hostname or ""
DEBUG = False
# Good for commands; web and workers refuse to start with it (portal/checks.py).
NO_SECRET_KEY = "django-insecure-only-for-commands"  # noqa: S105
SECRET_KEY = resolve(env.str("DJANGO_SECRET_KEY", default="")) or NO_SECRET_KEY
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[_host, "127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = [PORTAL_BASE_URL]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
ORGANISATION = env.str("PORTAL_ORGANISATION", default="Northwind")

# Azure: the sandbox is an address like any other
AZURE_SANDBOX = env.bool("PORTAL_AZURE_SANDBOX", default=False)
AZURE_RESOURCE_MANAGER = env.str("AZURE_RESOURCE_MANAGER", default="https://management.azure.com")
AZURE_AUTHORITY_HOST = env.str("AZURE_AUTHORITY_HOST", default="https://login.microsoftonline.com")
AZURE_CA_BUNDLE = env.str("AZURE_CA_BUNDLE", default="")
AZURE_TENANT_ID = env.str("AZURE_TENANT_ID", default="")
AZURE_CLIENT_ID = env.str("AZURE_CLIENT_ID", default="")
AZURE_CLIENT_SECRET = env.str("AZURE_CLIENT_SECRET", default="")  # a reference, never a value
AZURE_SUBSCRIPTIONS = {
    "prod": env.str("AZURE_SUBSCRIPTION_ID", default=""),
    "nonprod": env.str("AZURE_NONPROD_SUBSCRIPTION_ID", default=""),
}
# Account names are unique in all of Azure, so ours carry a part of our own (capacity/rules.py).
AZURE_PREFIX = env.str("PORTAL_AZURE_PREFIX", default="") or slugify(ORGANISATION)[:24].strip("-_")
if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?", AZURE_PREFIX):
    raise ImproperlyConfigured(
        f"“{AZURE_PREFIX}” cannot be part of a name in Azure. Set PORTAL_AZURE_PREFIX to 1 to "
        "24 small letters, digits and hyphens, with a letter or digit at both ends."
    )

# Demo people exist only when all three hold (docs/architecture.md, "Demo mode")
EMBEDDED_DATABASE = env.bool("PORTAL_EMBEDDED_DB", default=False)


def _loopback(host: str) -> bool:
    """Say whether `host` can be reached from this machine only."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


DEMO = AZURE_SANDBOX and EMBEDDED_DATABASE and _loopback(PORTAL_BIND_HOST)

USAGE_RAW_DAYS = env.int("PORTAL_USAGE_RAW_DAYS", default=400)  # rollups are kept for good

KINDS = sorted(p.parent.name for p in (BASE_DIR / "apps/kinds").glob("*/apps.py"))
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "allauth",
    "allauth.account",
    "apps.kernel",
    "apps.cloud",
    "apps.teams",
    "apps.catalog",
    "apps.capacity",
    "apps.requests",
    "apps.approvals",
    "apps.provisioning",
    "apps.access",
    "apps.usage",
    "apps.dashboards",
    "apps.notices",
    *[f"apps.kinds.{kind}" for kind in KINDS],
    "portal",
]
MIDDLEWARE = [
    "apps.kernel.web.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.kernel.web.PortalErrorMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates", *(BASE_DIR / f"apps/kinds/{k}/templates" for k in KINDS)],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.shell",
            ],
            "builtins": [
                "apps.kernel.templatetags.portal",
                "apps.kernel.templatetags.slots",
                "apps.kernel.templatetags.charts",
            ],
        },
    }
]

# Data
DATABASES = {
    "default": env.db_url(
        "DATABASE_URL", default="postgresql:///portal?host=/nonexistent&user=portal"
    )
}
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),
    "pool": {"min_size": 1, "max_size": env.int("PORTAL_DB_POOL", default=8), "timeout": 5},
    "application_name": "portal",
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "kernel_cache",
        # Django culls at 300 entries: a stranger's tries would push a lock-out of the cache.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# Sign-in
AUTH_USER_MODEL = "teams.Person"
# Django looks for unique=True; e-mails are unique whatever their case (one_person_per_email).
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
AUTHENTICATION_BACKENDS = ["apps.teams.adapter.SignedIn"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "apps.teams.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_RATE_LIMITS = {"login_failed": "50/15m/ip,5/15m/key", "login": "60/m/ip"}
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = _secure and env.bool("PORTAL_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^health/"]  # probes speak plain http
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _secure
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.bool("PORTAL_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1  # else all people would share the tries of one address
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "manifest-src": ["'self'"],
    }
}

# Work
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="redis://127.0.0.1:1/0")
CELERY_TASK_DEFAULT_QUEUE = env.str("CELERY_QUEUE", default="") or "celery"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Longer than the longest task; kombu's own sweep would take 100 s (docs/decisions).
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = SCHEDULE

# API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.teams.api.Bearer",
        "apps.kernel.authentication.SignedIn",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "apps.kernel.web.problem_json",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "AI portal",
    "DESCRIPTION": "Ask for AI capacity on Azure, decide about it, and find the way in.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# Pages
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
STATIC_URL = "/static/"
STATIC_ROOT = env.str("PORTAL_STATIC_ROOT", default="") or None
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = STATIC_ROOT is None  # tests find them where they are
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "portal.storage.StaticStorage"},
}

# Mail: into the worker's log until a server is named
EMAIL_HOST = env.str("PORTAL_EMAIL_HOST", default="")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
EMAIL_PORT, EMAIL_TIMEOUT = env.int("PORTAL_EMAIL_PORT", default=587), 10
EMAIL_USE_SSL = env.str("PORTAL_EMAIL_TLS", default="") == "tls"
EMAIL_USE_TLS = env.str("PORTAL_EMAIL_TLS", default="") not in ("tls", "none")  # also misspelt
EMAIL_HOST_USER = env.str("PORTAL_EMAIL_USER", default="")
PORTAL_EMAIL_PASSWORD = env.str("PORTAL_EMAIL_PASSWORD", default="")  # a reference, never a value
DEFAULT_FROM_EMAIL = env.str("PORTAL_EMAIL_FROM", default="") or f"AI portal <portal@{_host}>"

LOGGING = logging_at(env.str("PORTAL_LOG_LEVEL", default="INFO"))
