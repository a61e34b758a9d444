"""Who acts for whom: the viewer's delegations, given and received."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from apps.approvals import selectors, services
from apps.kernel import formats
from apps.kernel.errors import InvalidError, PortalError
from apps.teams import selectors as teams
from apps.teams.roles import Action


@require_safe
def delegations(request: HttpRequest) -> HttpResponse:
    """List to whom the viewer handed their say, and for whom they act."""
    return _page(request, {})


@require_POST
def delegation_new(request: HttpRequest) -> HttpResponse:
    """Let somebody act for the viewer, or as an admin for somebody else, from day to day."""
    viewer: Any = request.user
    typed = request.POST.dict()
    try:
        row = services.delegate(
            to=_person(typed, "to"),
            from_at=_begin(typed, "from"),
            to_at=_begin(typed, "until", after=1),
            note=typed.get("note", ""),
            for_person=_person(typed, "for") if typed.get("for", "").strip() else None,
            by=viewer,
        )
    except PortalError as refused:
        return _page(request, typed, refused)
    until = formats.moment(row.to_at)
    messages.success(
        request, f"{row.to_person.name} decides for {row.by_person.name} until {until} UTC."
    )
    return redirect("delegations")


@require_POST
def delegation_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a delegation now."""
    viewer: Any = request.user
    row = services.end_delegation(delegation=selectors.delegation_for(viewer, pk), by=viewer)
    messages.success(request, f"{row.to_person.name} no longer acts for {row.by_person.name}.")
    return redirect("delegations")


def _page(
    request: HttpRequest, typed: Mapping[str, str], refused: PortalError | None = None
) -> HttpResponse:
    viewer: Any = request.user
    context = {
        "given": selectors.given_by(viewer),
        "received": selectors.given_to(viewer),
        "may_for_others": teams.may(viewer, Action.POLICY_EDIT, None),
        "everybody": selectors.delegations_now(viewer),
        "now": timezone.now(),
        "first_day": typed.get("from") or teams.today().isoformat(),
        "typed": typed,
        "errors": refused.fields if isinstance(refused, InvalidError) else {},
        "refused": refused.message if refused else "",
    }
    status = refused.status if refused else 200
    return render(request, "approvals/delegations.html", context, status=status)


def _person(typed: Mapping[str, str], field: str) -> Any:
    email = typed.get(field, "").strip()
    person = teams.person_by_email(email)
    if person is None:
        sentence = "Nobody here has this address. Write the one they sign in with."
        raise InvalidError(sentence, {field: sentence})
    return person


def _begin(typed: Mapping[str, str], field: str, *, after: int = 0) -> datetime:
    """Read a day as its first moment, UTC, or as that of so many days `after` it."""
    try:
        day = date.fromisoformat(typed.get(field, "")) + timedelta(days=after)
        return datetime.combine(day, time(), UTC)
    except (ValueError, OverflowError):  # there is no day after the last of the calendar
        sentence = "Choose a day."
        raise InvalidError(sentence, {field: sentence}) from None
