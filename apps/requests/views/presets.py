"""Presets: the list, and to keep, rename and delete one."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.requests import selectors, services


@require_safe
def presets(request: HttpRequest) -> HttpResponse:
    """List the presets that one may start from; who keeps one may rename or delete it."""
    viewer: Any = request.user
    rows = [
        {
            "preset": one,
            "kind": selectors.kind_named(one.kind),
            "title": selectors.kind_named(one.kind).title(one.payload),
            "may_keep": selectors.may_keep_presets(viewer, one.team),
        }
        for one in selectors.presets_visible(viewer)
    ]
    context = {"rows": rows, "may_ask": selectors.may_ask(viewer)}
    return render(request, "requests/presets.html", context)


@require_POST
def preset_save(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the answers of a request."""
    viewer: Any = request.user
    kept = services.save_preset(
        request=selectors.request_for(viewer, pk),
        name=request.POST.get("name", ""),
        for_all=request.POST.get("for") == "all",
        by=viewer,
    )
    whom = kept.team.name if kept.team else "everybody"
    messages.success(request, f"“{kept.name}” is a preset for {whom}.")
    return redirect("request", pk)


@require_POST
def preset_rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a preset another name."""
    viewer: Any = request.user
    preset = selectors.preset_for(viewer, pk)
    services.rename_preset(preset=preset, name=request.POST.get("name", ""), by=viewer)
    return redirect("presets")


@require_POST
def preset_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a preset."""
    viewer: Any = request.user
    preset = selectors.preset_for(viewer, pk)
    services.delete_preset(preset=preset, by=viewer)
    messages.info(request, f"The preset “{preset.name}” is deleted.")
    return redirect("presets")
