"""The acts of somebody who decides: yes, no, a question, and handing a step on."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from apps.approvals import selectors, services
from apps.kernel import formats
from apps.kernel.errors import InvalidError
from apps.requests import selectors as requests
from apps.teams import selectors as teams


@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Say yes."""
    viewer: Any = request.user
    row = requests.request_for(viewer, pk)
    row = services.approve(
        request=row, reason=request.POST.get("reason", ""), step=seen(request), by=viewer
    )
    messages.success(request, f"You approved {row.number}. {_after(row)}")
    return back(viewer, pk)


@require_POST
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Say no, with a reason."""
    viewer: Any = request.user
    row = requests.request_for(viewer, pk)
    services.reject(
        request=row, reason=request.POST.get("reason", ""), step=seen(request), by=viewer
    )
    messages.success(request, f"You rejected {row.number}. {row.requester.name} reads your reason.")
    return back(viewer, pk)


@require_POST
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the team something first."""
    viewer: Any = request.user
    row = requests.request_for(viewer, pk)
    services.ask(request=row, body=request.POST.get("body", ""), step=seen(request), by=viewer)
    now = formats.moment(timezone.now())
    messages.info(request, f"{row.requester.name} has your question since {now} UTC.")
    return redirect("request", pk)


@require_POST
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand an open step to somebody by name."""
    viewer: Any = request.user
    row = requests.request_for(viewer, pk)
    email = request.POST.get("person", "").strip()
    person = teams.person_by_email(email)
    if person is None:
        raise InvalidError(
            f"Nobody here has the address “{email[:100]}”. Write the one they sign in with.",
            {"person": "Nobody here has this address."},
        )
    step = services.assign(
        request=row,
        step=seen(request),
        person=person,
        why=request.POST.get("why", ""),
        by=viewer,
    )
    messages.success(request, f"{person.name} may decide for {step.label} of {row.number} too.")
    return back(viewer, pk)


def back(viewer: Any, pk: int) -> HttpResponse:
    """Lead back to the request, or to the inbox where it is no longer theirs to see."""
    if requests.requests_visible(viewer).filter(pk=pk).exists():
        return redirect("request", pk)
    return redirect("inbox")


def _after(row: Any) -> str:
    """Say what follows a yes."""
    waits = selectors.waiting_for([row]).get(row.pk, ())
    if not waits:
        return "Building starts now."
    return f"{' and '.join(dict.fromkeys(wait.label for wait in waits))} decides next."


def seen(request: HttpRequest) -> int | None:
    """Return the step that the person saw when they pressed the button."""
    step = request.POST.get("step", "")
    return int(step) if step.isascii() and step.isdigit() and len(step) < 19 else None
