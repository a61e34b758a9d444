"""The pages of the approval policies: what is in force, its history, and how another one gets in.

A text goes from the editor to the comparison and from there in force; it travels in the forms, so
nothing is stored before it is in force.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.approvals import rules, services
from apps.approvals.selectors import policies as in_force
from apps.approvals.selectors import previews, versions
from apps.kernel.errors import ConflictError, InvalidError, PortalError, StaleStateError
from apps.kernel.exports import csv_response
from apps.kernel.formats import number

SPARE_LINES, FEWEST_LINES = 12, 30
NEWEST = 30


@require_safe
def policies(request: HttpRequest) -> HttpResponse:
    """Show the rules in force in words, the groups, and the history."""
    viewer: Any = request.user
    services.require_reader(viewer)
    document, problem = _document()
    history = versions.versions(viewer)
    context = {
        "version": versions.version_in_force(),
        "document": document,
        "problem": problem,
        "rules": [(rule, rules.does(rule)) for rule in document.rules] if document else [],
        "history": history[:NEWEST],
        "count": history.count(),
        "newest": NEWEST,
        "may_edit": versions.may_edit(viewer),
    }
    return render(request, "approvals/policies.html", context)


@require_safe
def policies_csv(request: HttpRequest) -> HttpResponseBase:
    """Send the history as a file."""
    viewer: Any = request.user
    services.require_reader(viewer)
    return csv_response(
        "policy-versions.csv",
        header=("version", "in force since (UTC)", "by", "note", "in force"),
        rows=_history(viewer),
    )


@require_safe
def version(request: HttpRequest, number: int) -> HttpResponse:
    """Show one version, and what it changed."""
    viewer: Any = request.user
    services.require_reader(viewer)
    found = versions.version_for(viewer, number)
    before = versions.version_before(viewer, found)
    present = versions.version_in_force()
    context = {
        "version": found,
        "before": before,
        "present": present,
        "lines": versions.difference(before.text, found.text) if before else [],
        "numbered": range(1, found.text.count("\n") + 1),
        "may_edit": versions.may_edit(viewer),
    }
    return render(request, "approvals/policies_version.html", context)


@require_safe
def version_text(request: HttpRequest, number: int) -> HttpResponse:
    """Send the text of one version as a file."""
    viewer: Any = request.user
    services.require_reader(viewer)
    found = versions.version_for(viewer, number)
    answer = HttpResponse(found.text, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="policies-{found.number}.yaml"'
    return answer


@require_safe
def edit(request: HttpRequest) -> HttpResponse:
    """Open the editor with the text in force, or with that of an old version (`from`)."""
    viewer: Any = request.user
    services.require_editor(viewer)
    asked = request.GET.get("from", "")
    old = asked.isascii() and asked.isdigit() and len(asked) < 9
    found = versions.version_for(viewer, int(asked)) if old else versions.version_in_force()
    return _editor(request, found.text)


@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """Show the problems of a text at their lines, or (`review`) what it would change."""
    viewer: Any = request.user
    services.require_editor(viewer)
    text, act = versions.tidy(request.POST.get("text", "")), request.POST.get("act", "")
    if act == "edit":
        return _editor(request, text)
    problems = services.check(text)
    if problems or act != "review":
        return _editor(request, text, problems=problems, checked=True)
    return _review(request, text)


@require_POST
def put(request: HttpRequest) -> HttpResponse:
    """Put a text in force that was compared with the present one."""
    viewer: Any = request.user
    text, note = versions.tidy(request.POST.get("text", "")), request.POST.get("note", "")
    seen = request.POST.get("seen", "")
    number = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else -1
    try:
        made = services.put_in_force(text=text, note=note, seen=number, by=viewer)
    except InvalidError as refused:
        if "text" in refused.fields:
            return _editor(request, text, problems=services.check(text), refused=refused)
        return _review(request, text, note=note, refused=refused)
    except (StaleStateError, ConflictError) as refused:
        return _review(request, text, note=note, refused=refused)
    messages.success(request, f"Version {made.number} of the approval policies is in force.")
    return redirect("policies")


def _editor(
    request: HttpRequest,
    text: str,
    *,
    problems: Sequence[rules.Problem] = (),
    checked: bool = False,
    refused: PortalError | None = None,
) -> HttpResponse:
    wrong = {one.line for one in problems}
    shown = max(text.count("\n") + SPARE_LINES, FEWEST_LINES)
    context = {
        "text": text,
        "numbers": [(line, line in wrong) for line in range(1, shown + 1)],
        "shown": shown,
        "problems": problems,
        "passed": checked and not problems,
        "version": versions.version_in_force(),
        "fields": rules.FIELDS.values(),
    }
    status = refused.status if refused else 200
    return render(request, "approvals/policies_edit.html", context, status=status)


def _review(
    request: HttpRequest, text: str, *, note: str = "", refused: PortalError | None = None
) -> HttpResponse:
    viewer: Any = request.user
    present, (document, problem) = versions.version_in_force(), _document()
    draft = rules.read(text)
    context = {
        "text": text,
        "note": note,
        "refused": _sentence(refused),
        "version": present,
        "lines": versions.difference(present.text, text),
        "preview": previews.preview(viewer, draft, document) if document else None,
        "problem": problem,
        "most": number(previews.MOST),
    }
    status = refused.status if refused else 200
    return render(request, "approvals/policies_review.html", context, status=status)


def _sentence(refused: PortalError | None) -> str:
    if isinstance(refused, InvalidError):
        return f"{refused.message} {' '.join(refused.fields.values())}"
    return refused.message if refused else ""


def _document() -> tuple[rules.Policies | None, str]:
    """Read what is in force, or say why this release cannot."""
    try:
        return in_force.in_force(), ""
    except ConflictError as error:
        return None, error.message


def _history(viewer: Any) -> Iterator[Sequence[Any]]:
    for one in versions.versions(viewer):
        yield (one.number, one.made_at.isoformat(), one.made_by or "", one.note, one.active)
