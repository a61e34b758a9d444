"""The audit page and its export; one's own API tokens."""

import json
import re
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.kernel import keyset
from apps.kernel.errors import InvalidError
from apps.kernel.exports import csv_response
from apps.teams import selectors, services
from apps.teams.roles import Action

FILTERS = {
    "actor": "Who",
    "verb": "Did what",
    "subject": "To what",
    "text": "Names and notes",
}
COLUMNS = (
    *("at", "actor", "actor_name", "verb", "subject", "subject_name", "scope"),
    *("before", "after", "note", "correlation_id"),
)


@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """Show who did what, newest first, within the scopes whose audit the person may read."""
    viewer: Any = request.user
    services.require_anywhere(viewer, Action.AUDIT_READ)
    asked = _asked(request)
    page = keyset.page(
        selectors.audit_trail(viewer, **asked),
        order=("-id",),
        cursor=request.GET.get("cursor", ""),
    )
    context = {
        "page": page,
        "rows": [selectors.audit_row(entry) for entry in page.rows],
        "filters": [(name, label, asked[name]) for name, label in FILTERS.items()],
        "filtered": any(asked.values()),
    }
    return render(request, "teams/audit.html", context)


@require_safe
def audit_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Send the same entries as CSV, all pages of them, oldest first."""
    viewer: Any = request.user
    services.require_anywhere(viewer, Action.AUDIT_READ)
    entries = selectors.audit_trail(viewer, **_asked(request)).order_by("id")
    cells = (_cells(entry) for entry in entries.iterator(chunk_size=1000))
    return csv_response("audit.csv", header=COLUMNS, rows=cells)


@require_safe
def tokens(request: HttpRequest) -> HttpResponse:
    """List the viewer's API tokens, and offer to make one."""
    return _tokens(request)


@require_POST
@never_cache
def token_make(request: HttpRequest) -> HttpResponse:
    """Make a token and show it, this once."""
    viewer: Any = request.user
    typed = {name: request.POST.get(name, "").strip() for name in ("name", "days", "may")}
    try:
        row, token = services.make_token(
            name=typed["name"],
            days=int(typed["days"]) if re.fullmatch("[0-9]{1,4}", typed["days"]) else 0,
            reads_only=typed["may"] != "write",
            by=viewer,
        )
    except InvalidError as refused:
        return _tokens(request, typed=typed, errors=refused.fields, status=422)
    return _tokens(request, made=row, token=token)


@require_POST
def token_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a token at once."""
    viewer: Any = request.user
    row = services.end_token(pk=pk, by=viewer)
    messages.info(request, f"“{row.name}” has ended. What used it is refused from now on.")
    return redirect("tokens")


def _tokens(request: HttpRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    viewer: Any = request.user
    everything = {
        "tokens": selectors.tokens_of(viewer),
        "now": timezone.now(),
        "typed": {"days": "90", "may": "read"},
        "most_days": services.MOST_DAYS,
        **context,
    }
    return render(request, "teams/tokens.html", everything, status=status)


def _asked(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET.get(name, "").strip()[:100] for name in FILTERS}


def _cells(entry: Any) -> list[str]:
    written = {
        "at": entry.at.isoformat(),
        "before": json.dumps(entry.before),
        "after": json.dumps(entry.after),
    }
    return [written.get(name) or getattr(entry, name) for name in COLUMNS]
