"""The form of a request: saved while somebody types, checked as they go, submitted at the end."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from apps.kernel.errors import ConflictError, InvalidError, NotFoundError, PortalError
from apps.kernel.forms import draw
from apps.requests import selectors, services
from apps.requests.kinds import RequestKind
from apps.requests.states import EDITABLE

ALL_ERRORS = "all_errors"


@require_http_methods(["GET", "HEAD", "POST"])
def request_new(request: HttpRequest, kind: str) -> HttpResponse:
    """Show a form, prefilled by its address; take the whole of it at the end."""
    what = selectors.kind_named(kind)
    viewer: Any = request.user
    services.require_asker(viewer)
    draft = _draft(request)
    if request.method == "POST":
        return _finish(request, what, draft)
    typed = selectors.typed_of(what, request.GET.dict())
    if preset := request.GET.get("preset", ""):
        typed = {**_preset(viewer, what, preset), **typed}
    return _page(request, what, typed, draft)


@require_http_methods(["GET", "HEAD", "POST"])
def request_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with a draft, or change a request that came back."""
    viewer: Any = request.user
    draft = selectors.request_for(viewer, pk)
    what = selectors.kind_named(draft.kind)
    if draft.act in selectors.FORMLESS:
        return redirect("request", draft.pk)
    if not selectors.may_edit(viewer, draft):
        raise ConflictError(
            f"{draft.number} is {draft.state.label.lower()}. Only a draft, or a request that came "
            f"back, may be changed, by those who ask for {draft.team}."
        )
    if request.method == "POST":
        return _finish(request, what, draft)
    return _page(request, what, draft.payload, draft, everything=bool(draft.submitted_at))


@require_POST
def request_form(request: HttpRequest, kind: str) -> HttpResponse:
    """Save what was typed as a draft and draw the form's body again, with what follows from it.

    A save that comes after the submit, of this window or a colleague's, is led to the request.
    """
    what = selectors.kind_named(kind)
    viewer: Any = request.user
    draft = _draft(request)
    if draft is not None and draft.status not in EDITABLE:
        return _to(draft)
    everything = ALL_ERRORS in request.POST
    before = draft.before if draft else None
    found = selectors.review(what, _typed(request, what), viewer, fill=True, before=before)
    unstored: Mapping[str, str] = {}
    try:
        draft = services.save_draft(kind=kind, payload=found.typed, request=draft, by=viewer)
    except InvalidError as error:
        unstored = error.fields
    except ConflictError:
        return _to(draft)
    context = _context(what, found, draft, everything=everything, unstored=unstored)
    answer = render(request, "requests/form_body.html", context)
    if draft is not None:
        answer["HX-Replace-Url"] = reverse("request_edit", args=[draft.pk])
    return answer


def _to(draft: Any) -> HttpResponse:
    """Let htmx open the page of a request instead of drawing anything."""
    answer = HttpResponse(status=204)
    answer["HX-Redirect"] = reverse("request", args=[draft.pk])
    return answer


def _finish(request: HttpRequest, kind: RequestKind, draft: Any) -> HttpResponse:
    """Save the whole form and, unless it was only to be kept, submit it."""
    viewer: Any = request.user
    typed = _typed(request, kind)
    what = {"kind": kind.slug, "payload": typed, "request": draft, "by": viewer}
    refused: PortalError | None = None
    try:
        if request.POST.get("act") == "submit":
            draft, refused = services.save_and_submit(**what)
        else:
            draft = services.save_draft(**what)
    except InvalidError as error:
        refused = error
    if refused:
        return _page(request, kind, typed, draft, everything=True, refused=refused)
    return redirect("request", draft.pk)


def _page(
    request: HttpRequest,
    kind: RequestKind,
    typed: Mapping[str, Any],
    draft: Any,
    *,
    everything: bool = False,
    refused: PortalError | None = None,
) -> HttpResponse:
    viewer: Any = request.user
    before = draft.before if draft else None
    found = selectors.review(kind, typed, viewer, fill=True, before=before)
    fields = refused.fields if isinstance(refused, InvalidError) else {}
    unstored = {name: text for name, text in fields.items() if name not in found.errors}
    context = _context(kind, found, draft, everything=everything, unstored=unstored)
    context["presets"] = () if draft else selectors.presets_visible(viewer, kind.slug)
    # Three errors and more have the form's own summary.
    context["refused"] = refused.message if refused and len(fields) < 3 else ""
    status = refused.status if refused else 200
    return render(request, "requests/form.html", context, status=status)


def _context(
    kind: RequestKind,
    found: selectors.Review,
    draft: Any,
    *,
    everything: bool,
    unstored: Mapping[str, str],
) -> dict[str, Any]:
    shown = selectors.for_form(found, everything=everything)
    errors = {**shown.errors, **unstored}
    fields = draw(
        kind.spec,
        values=shown.typed,
        options=shown.options,
        errors=errors,
        units=kind.units(shown.typed),
        fixed=kind.fixed if draft and draft.before else None,
    )
    alternatives = kind.alternatives(found.payload)
    return {
        "kind": kind,
        "review": found,
        "draft": draft,
        "form_url": reverse("request_form", args=[kind.slug]),
        "fieldsets": fields,
        "everything": everything,
        "estimate": found.estimate,
        "compared": _compared(found, draft),
        "alternatives": alternatives,
        "saved_at": None if unstored or draft is None else timezone.now(),
    }


def _preset(viewer: Any, kind: RequestKind, pk: str) -> Mapping[str, Any]:
    """Return the answers of a preset of this kind; anything else is not found."""
    digits = pk.isascii() and pk.isdigit() and len(pk) < 19
    preset = selectors.preset_for(viewer, int(pk) if digits else 0)
    if preset.kind != kind.slug:
        raise NotFoundError
    return selectors.typed_of_preset(preset)


def _compared(found: selectors.Review, draft: Any) -> selectors.Compared | None:
    """Say what a change would change, once enough of it is understood to compare."""
    if draft is None or draft.before is None or len(found.payload.data) < len(found.typed):
        return None
    return selectors.compared(
        draft.before, found.payload, options=found.options, estimate=found.estimate
    )


def _typed(request: HttpRequest, kind: RequestKind) -> dict[str, Any]:
    """Take what was typed; a field that was not posted is an empty one."""
    return {name: request.POST.get(name, "") for name in map(str, kind.spec().fields)}


def _draft(request: HttpRequest) -> Any:
    """Return the draft that the form has been saved to so far."""
    pk = request.POST.get("request", "")
    if not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return None
    viewer: Any = request.user
    return selectors.request_for(viewer, int(pk))
