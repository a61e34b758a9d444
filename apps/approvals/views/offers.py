"""Counter-offers: the form of whoever decides, and the three acts that end one."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.approvals import selectors, services
from apps.approvals.views.votes import back, seen
from apps.kernel.errors import ConflictError, InvalidError, NotAllowedError
from apps.kernel.forms import FormField, draw
from apps.requests import selectors as requests


@require_http_methods(["GET", "HEAD", "POST"])
def offer_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what can be offered instead, with what it changes and costs; offer it at the end."""
    viewer: Any = request.user
    row = requests.request_for(viewer, pk)
    say = selectors.say_of(viewer, row)
    if not say.allowed or say.step is None:
        theirs = say.step is None or say.voted or say.voice is not None
        error = ConflictError if theirs else NotAllowedError
        raise error(f"{row.number}: {say.why_not} Only who decides now may offer something else.")
    if request.method != "POST":
        return _page(request, row, say.step.pk, request.GET.dict())
    typed = request.POST.dict()
    try:
        services.make_offer(
            request=row,
            changes={name: typed[name] for name in _fields(row) if name in typed},
            until_on=_day(typed.get("until_on", "")),
            note=typed.get("note", ""),
            step=seen(request),
            by=viewer,
        )
    except InvalidError as refused:
        return _page(request, row, say.step.pk, typed, refused)
    messages.success(request, f"{row.requester.name} has your offer. The clock stands still.")
    return back(viewer, pk)


@require_POST
def offer_accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Take what is offered: the request is changed and submitted anew."""
    viewer: Any = request.user
    row = services.accept_offer(request=requests.request_for(viewer, pk), by=viewer)
    waits = selectors.waiting_for([row]).get(row.pk, ())
    after = "Building starts now."
    if waits:
        after = f"{' and '.join(dict.fromkeys(wait.label for wait in waits))} decides next."
    messages.success(request, f"{row.number} is now as offered. {after}")
    return redirect("request", pk)


@require_POST
def offer_decline(request: HttpRequest, pk: int) -> HttpResponse:
    """Decline what is offered, with a reason."""
    viewer: Any = request.user
    row = services.decline_offer(
        request=requests.request_for(viewer, pk), reason=request.POST.get("reason", ""), by=viewer
    )
    messages.success(request, f"You declined the offer. {row.number} is in review as it was.")
    return redirect("request", pk)


@require_POST
def offer_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an offer back."""
    viewer: Any = request.user
    row = services.take_back_offer(
        request=requests.request_for(viewer, pk), reason=request.POST.get("reason", ""), by=viewer
    )
    messages.success(request, f"The offer is taken back. {row.number} is in review again.")
    return redirect("request", pk)


def _page(
    request: HttpRequest,
    row: Any,
    step: int,
    typed: Mapping[str, Any],
    refused: InvalidError | None = None,
) -> HttpResponse:
    """Draw the form with what was typed so far beside what was asked for."""
    names = _fields(row)
    changes = {name: typed[name] for name in names if name in typed}
    found = selectors.review_offer(row, changes, row.requester)
    errors = refused.fields if refused else {}
    until_on = _day(typed.get("until_on", ""))
    context = {
        "request_row": row,
        "step": step,
        "fields": [*_drawn(found, errors), *_own_fields(typed, errors)],
        "changes": selectors.changes_of(row, found, until_on),
        "price": selectors.price_of(row, found),
        "refused": refused.message if refused else "",
    }
    return render(request, "approvals/offer_form.html", context, status=422 if refused else 200)


def _fields(row: Any) -> list[str]:
    return list(requests.kind_named(row.kind).offers)


def _drawn(found: Any, errors: Mapping[str, str]) -> list[FormField]:
    """Take the fields that may be offered otherwise out of the kind's own form."""
    drawn = draw(
        found.kind.spec,
        values=found.typed,
        options=found.options,
        errors=errors,
        units=found.kind.units(found.typed),
    )
    by_name = {one.name: one for part in drawn for line in part.rows for one in line}
    return [by_name[name] for name in found.kind.offers]


def _own_fields(typed: Mapping[str, Any], errors: Mapping[str, str]) -> list[FormField]:
    return [
        FormField(
            "until_on",
            "Until",
            "date",
            typed.get("until_on", ""),
            help="The last day. Empty: as long as it would have been.",
            required=False,
            error=errors.get("until_on", ""),
        ),
        FormField(
            "note",
            "Why",
            "textarea",
            typed.get("note", ""),
            help="The team reads it beside the offer.",
            error=errors.get("note", ""),
        ),
    ]


def _day(text: str) -> date | None:
    """Read a day as a date field sends it; anything else is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
