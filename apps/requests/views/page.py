"""One request: its page, kept up to date while it moves, and the acts of its team."""

import hashlib
import re
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.template import Context, Engine
from django.views.decorators.http import require_POST, require_safe

from apps.requests import selectors, services
from apps.requests.states import EDITABLE, ENDED, RequestStatus

S = RequestStatus
QUICK_S, SLOW_S = 1, 2
QUICK = (S.SUBMITTED, S.APPROVED, S.BUILDING)
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="\w*"')


@require_safe
def request(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a request: what is asked for, what a yes does, where it stands and who acts next."""
    viewer: Any = request.user
    row = selectors.request_for(viewer, pk)
    live = _live(request, row)
    context = {
        **_facts(viewer, row),
        "request_row": row,
        "live": live,
        "seen": _digest(live),
        "conversation": selectors.conversation(viewer, row) if row.submitted_at else (),
        "may_answer": selectors.may_answer(viewer, row),
        "may_note": row.submitted_at is not None,
        "reads_internal": selectors.reads_internal(viewer, row),
    }
    return render(request, "requests/request.html", context)


@require_safe
def request_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the moving parts of the page if they are no longer what the reader has seen.

    The head with its buttons comes along only when the state changed, so that a dialog in which
    somebody writes stays open; an ended request is drawn once more and then asked for no longer.
    """
    viewer: Any = request.user
    row = selectors.request_for(viewer, pk)
    live = _live(request, row)
    seen = _digest(live)
    if request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    context = {
        **_facts(viewer, row),
        "request_row": row,
        "live": live,
        "seen": seen,
        "moved": request.GET.get("state") != row.status,
    }
    return render(request, "requests/progress.html", context)


@require_POST
def request_submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Submit a draft as it is."""
    viewer: Any = request.user
    row = services.submit_request(request=selectors.request_for(viewer, pk), by=viewer)
    messages.success(request, f"{row.number} is submitted. Its capacity is held for you.")
    return redirect("request", pk)


@require_POST
def request_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a request back."""
    viewer: Any = request.user
    row = services.withdraw_request(
        request=selectors.request_for(viewer, pk),
        reason=request.POST.get("reason", ""),
        by=viewer,
    )
    messages.success(request, f"{row.number} is withdrawn. Whatever it held is free again.")
    return redirect("request", pk)


@require_POST
def request_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a request out of its review and open its form."""
    viewer: Any = request.user
    row = services.change_request(
        request=selectors.request_for(viewer, pk),
        reason=request.POST.get("reason", ""),
        by=viewer,
    )
    messages.info(
        request, f"{row.number} is out of review and holds nothing. Submit it once it is changed."
    )
    return redirect("request_edit", pk)


@require_POST
def request_message(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a note to the conversation."""
    viewer: Any = request.user
    services.say(
        request=selectors.request_for(viewer, pk),
        body=request.POST.get("body", ""),
        internal=request.POST.get("internal") == "true",
        by=viewer,
    )
    return redirect(f"/requests/{pk}/#conversation")


@require_POST
def request_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer the open question."""
    viewer: Any = request.user
    services.answer(
        request=selectors.request_for(viewer, pk), body=request.POST.get("body", ""), by=viewer
    )
    messages.success(request, "Your answer is sent. The request is in review again.")
    return redirect("request", pk)


@require_POST
def request_clone(request: HttpRequest, pk: int) -> HttpResponse:
    """Start a draft with the same answers."""
    viewer: Any = request.user
    row = services.clone_request(request=selectors.request_for(viewer, pk), by=viewer)
    messages.info(request, f"{row.number} is a copy. Change what differs, then submit it.")
    return redirect("request_edit", row.pk)


def _live(request: HttpRequest, row: Any) -> dict[str, str]:
    """Draw the parts that move while people decide and workers build; they need no rail."""
    context = {"request_row": row, "user": request.user, "csrf_token": get_token(request)}
    return {
        name: Engine.get_default()
        .get_template(f"requests/live_{name}.html")
        .render(Context(context))
        for name in ("main", "timeline", "side")
    }


def _digest(live: dict[str, str]) -> str:
    """Name what the reader has seen; the token that differs on every drawing does not count."""
    text = CSRF.sub("", "".join(live.values()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _facts(viewer: Any, row: Any) -> dict[str, Any]:
    resting = row.status in ENDED or row.status in EDITABLE
    return {
        "every_s": 0 if resting else QUICK_S if row.status in QUICK else SLOW_S,
        "is_draft": row.status == S.DRAFT,
        "from_inbox": selectors.may_decide(viewer, row),
    }
