"""One sample of every component, and a page that shows them all."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django import forms
from django.conf import settings
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone

from apps.kernel.keyset import Page
from apps.kernel.panels import Panel
from tests.look import figure_samples
from tests.look.form_sample import FIELDSETS

COMPONENTS = Path(settings.BASE_DIR) / "templates/components"
NOW = timezone.now()


@dataclass(frozen=True)
class State:
    label: str
    tone: str


class SignIn(forms.Form):
    """Stands for allauth's form."""

    login = forms.EmailField(
        help_text="The one your team lead knows.",
        widget=forms.EmailInput({"autocomplete": "username"}),
    )
    password = forms.CharField(widget=forms.PasswordInput({"autocomplete": "current-password"}))


def signed_in() -> SimpleNamespace:
    return SimpleNamespace(
        is_authenticated=True, name="Alice Berger", email="alice@northwind.example"
    )


def refused_sign_in() -> SignIn:
    form = SignIn({"login": "alice", "password": ""})
    form.add_error(None, "That password does not match. 3 tries left, then a pause of 15 minutes.")
    return form


ENTRIES = [
    {
        "state": "done",
        "title": "Submitted",
        "at": NOW - timedelta(days=3),
        "text": "300 K TPM held",
    },
    {"state": "now", "title": "Platform: you, or Jonas Hall", "at": NOW - timedelta(hours=2)},
    {"state": "bad", "title": "Attempt 1, account was busy", "text": "Tried again after 66 s."},
    {"state": "next", "title": "Finance", "text": "Not needed: below 2 000 USD a month."},
]
CHANGES = [
    {"sign": "~", "path": "sku.capacity", "before": 500, "after": 800, "unit": "K TPM"},
    {"sign": "+", "path": "tags.request", "after": "REQ-2047"},
    {"sign": "-", "path": "tags.trial", "before": "yes"},
    {"sign": "", "path": "sku.name", "after": "GlobalStandard"},
]
TODOS = [
    {
        "icon": "calendar-exclamation",
        "tone": "warn",
        "title": "gpt-5.2 retires in 19 days, on 12 Dec 2026",
        "text": "policy-qa-prod still runs on it.",
        "url": "/resources/1/",
        "act": "Plan the move",
    },
    {
        "icon": "progress",
        "tone": "",
        "title": "REQ-2039 fraud-notes-test",
        "text": "Being built, step 3 of 6.",
        "url": "/requests/2039/",
        "status": State("Building", "run"),
    },
]
OPTIONS = [
    {"label": "EU", "url": "?place=eu", "current": True, "count": 24},
    {"label": "USA", "url": "?place=us", "current": False, "count": 0},
]

SAMPLES: dict[str, dict[str, Any]] = {
    "account_menu.html": {"user": signed_in(), "role": "Insurance · team lead", "csrf_token": "t"},
    "alternatives.html": {
        "form_url": "/requests/new/model_deployment/form",
        "alternatives": [
            {
                "title": "francecentral",
                "free": "300 K free",
                "text": "Data Zone Standard, same price",
                "note": "next best",
                "values": {"region": "francecentral"},
            }
        ],
    },
    "asof.html": {"at": NOW},
    "barcell.html": {"width": "62.0%", "text": "412 of 600", "tone": "fill"},
    "bound_field.html": {"field": refused_sign_in()["login"]},
    "brand.html": {"url": "/"},
    "bullet.html": {"limit": 4000, "label": "75 % used", "solid": "67.0%", "hatched": "8.0%"},
    "card_head.html": {"id": "needs", "title": "Needs you", "count": 2, "hot": True},
    "checklist.html": {
        "items": [
            {"tone": "good", "title": "R-01 Data class fits the type", "detail": "Internal"},
            {"tone": "warn", "title": "C-04 Pool below 15 % free", "value": "400 of 4 000"},
        ]
    },
    "copyfield.html": {
        "id": "endpoint",
        "label": "Endpoint",
        "value": "https://ai.example/openai/v1/",
    },
    "dialog.html": {
        "id": "reject",
        "title": "Reject REQ-2047?",
        "body": "Releases 300 K TPM. Alice reads your reason.",
        "action": "/requests/2047/reject",
        "verb": "Reject",
        "danger": True,
        "reason_label": "Reason, and what would pass",
        "reason_required": True,
        "typed": "REQ-2047",
        "hidden": {"step": 7},
    },
    "diff.html": {
        "resources": [{"name": "deployments/a", "where": "account b", "changes": CHANGES}]
    },
    "empty.html": {
        "icon": "clipboard-list",
        "title": "Nothing asked for yet",
        "text": "Requests of Claims Automation stand here.",
        "action_url": "/requests/new/model_deployment/",
        "action_label": "New request",
        "primary": True,
    },
    "error_summary.html": {
        "errors": [f for part in FIELDSETS for row in part.rows for f in row if f.error]
    },
    "facts.html": {"facts": [("Context", "272 K in"), ("Retires", "15 May 2027")]},
    "filter.html": {"name": "Runs in", "value": "EU", "options": OPTIONS, "clear_url": "?"},
    "figure.html": {"figure": figure_samples.tokens(), "span": "p-s8"},
    "figure_assets.html": {},
    "foot.html": {"request_id": "7f3c-91ab", "azure_sandbox": True},
    "form.html": {"fieldsets": FIELDSETS},
    "form_errors.html": {"form": refused_sign_in()},
    "formula.html": {
        "factors": [
            {"value": "145.5 M", "source": "input tokens a month"},
            {"sign": "×", "value": "1.375", "source": "USD per 1 M, 1 Nov 2025"},
        ],
        "result": "200.10 USD",
        "result_source": "a month",
    },
    "heat.html": {"figure": figure_samples.slow_hours()},
    "kpi.html": {
        "label": "Tightest pool",
        "value": "92",
        "unit": "%",
        "foot": "gpt-5.1, swedencentral",
    },
    "kpis.html": {
        "kpis": [
            {"label": "Waiting", "value": "6", "unit": "requests", "foot": "2 due today"},
            {"label": "Time to yes", "value": "3.4", "unit": "h", "foot": "median of 30 days"},
        ]
    },
    "message.html": {
        "author": "Petra Novak",
        "at": NOW - timedelta(hours=3),
        "text": "Could it start at 20:00?\n\nThen 600 K are idle.",
        "internal": True,
    },
    "notice.html": {
        "tone": "warn",
        "text": "Azure says 3 200, we count 2 990.",
        "action_url": "/",
        "action_label": "Sync",
    },
    "pages.html": {"page": Page([], older="older-key", newer="newer-key")},
    "panel_failed.html": {"panel": Panel("capacity", 1, lambda viewer: None, "x.html")},
    "period.html": {"period": figure_samples.PERIOD},
    "range_bar.html": {
        "known": True,
        "label": "a: p50 1.3 s",
        "start": "16%",
        "to_p95": "20%",
        "to_p99": "41%",
    },
    "scope.html": {"scope": {"name": "Claims Automation", "detail": "Insurance · team lead"}},
    "search_hits.html": {
        "title": "Requests",
        "hits": [
            {
                "title": "REQ-2047",
                "text": "500 K TPM",
                "url": "/requests/1/",
                "status": State("Live", "good"),
            },
            {"title": "REQ-2048", "text": "50 K TPM", "url": "/requests/2/"},
        ],
    },
    "snippets.html": {
        "snippets": [
            {
                "id": "python",
                "label": "Python",
                "code": "from openai import OpenAI\nclient = OpenAI()",
            },
            {"id": "curl", "label": "curl", "code": "curl https://ai.example/openai/v1/models"},
        ],
        "foot": "Needs openai 2",
    },
    "sparkline.html": {"lines": ["0,2 36,20 72,4"]},
    "status.html": {"label": "In review", "tone": "run", "icon": "clock", "plain": False},
    "stop.html": {
        "code": "404",
        "icon": "map-question",
        "title": "No page",
        "text": "Gone.",
        "request_id": "7f3c",
    },
    "timeline.html": {"entries": ENTRIES},
    "timeline_items.html": {"entries": ENTRIES},
    "todos.html": {"todos": TODOS},
    "trend.html": {"trend": figure_samples.KPIS[0]["trend"]},
    "track.html": {
        "steps": [
            {"state": "done", "title": "Check"},
            {"state": "now", "title": "Create deployment"},
            {"state": "next", "title": "Give access"},
        ]
    },
}

SHELL: dict[str, Any] = {
    "nav": [
        {
            "title": "",
            "items": [
                {"label": "Home", "url": "/", "icon": "home", "current": True},
                {"label": "Inbox", "url": "/inbox/", "icon": "inbox", "count": 6, "hot": True},
                {"label": "Requests", "url": "/requests/", "icon": "clipboard-list", "count": 2},
            ],
        },
        {"title": "Rules", "items": [{"label": "Audit", "url": "/audit/", "icon": "history"}]},
    ],
    "scope": {"name": "Claims Automation", "detail": "Insurance · team lead"},
    "azure_sandbox": True,
    "request_id": "7f3c-91ab",
    "data_as_of": datetime(2026, 11, 23, 10, 32, tzinfo=UTC),
    "theme": "light",
    "rail": "",
}

PAGE = Path(__file__).with_name("sample_page.html")


def component(name: str) -> str:
    """Render one component with its sample."""
    return render_to_string(f"components/{name}", SAMPLES[name], RequestFactory().get("/?q=x"))


def page(source: str = "", **changes: Any) -> str:
    """Render the page that shows every component, or another page by its source, in the shell."""
    template = engines["django"].from_string(source or PAGE.read_text())
    samples = {name.removesuffix(".html"): context for name, context in SAMPLES.items()}
    context = {**SHELL, "user": signed_in(), "s": samples, **changes}
    return template.render(context, RequestFactory().get("/?q=x"))
