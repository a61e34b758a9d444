"""The list under the bell, what somebody wants to be told, and the log of what is sent."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.kernel import formats
from apps.kernel.errors import InvalidError
from apps.notices import selectors, services
from apps.notices.protocols import MANDATORY, OFFERED, SHARED, Channel, Mode, Topic
from apps.notices.rules import zones
from apps.teams import services as teams
from apps.teams.roles import Action
from apps.teams.selectors import may

WORDS = {
    Channel.PORTAL: {Mode.NOW: "Show", Mode.OFF: "Do not show"},
    Channel.EMAIL: {Mode.NOW: "At once", Mode.DAILY: "Once a day", Mode.OFF: "Do not send"},
}


@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """List what the viewer was told, newest first."""
    viewer: Any = request.user
    unread = request.GET.get("tab") != "all"
    context = {
        "tab": "unread" if unread else "all",
        "unread": selectors.unread_count(viewer),
        "page": selectors.page_of(viewer, unread=unread, cursor=request.GET.get("cursor", "")),
        "may_operate": may(viewer, Action.NOTICES_OPERATE, None),
    }
    return render(request, "notices/notices.html", context)


@require_safe
def bell(request: HttpRequest) -> HttpResponse:
    """Draw the bell with the count of what the viewer has not read."""
    viewer: Any = request.user
    unread = selectors.unread_count(viewer)
    more = " or more" if unread == selectors.MOST_COUNTED else ""
    label = f"Notices: {unread or 'none'}{more} unread"
    context = {"unread": unread, "label": label, "counted": True}
    return render(request, "notices/bell.html", context)


@require_POST
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one notice read; with `go` lead to its page."""
    viewer: Any = request.user
    notice = services.mark_read(pk=pk, by=viewer)
    return redirect(notice.path if request.POST.get("go") else "notices")


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark everything read."""
    viewer: Any = request.user
    count = services.mark_all_read(by=viewer)
    messages.info(request, f"{formats.plural(count, 'notice')} marked as read.")
    return redirect("notices")


@require_safe
def preferences(request: HttpRequest) -> HttpResponse:
    """Show what the viewer is told about, how, and when."""
    viewer: Any = request.user
    modes = selectors.preferences_of([viewer])[viewer.pk]
    hour, zone = selectors.digest_times([viewer])[viewer.pk]
    context = {
        "channels": list(Channel),
        "rows": [_row(topic, modes) for topic in selectors.topics_for(viewer)],
        "hours": [(str(one), f"{one:02}:00") for one in range(24)],
        "hour": str(hour),
        "zones": zones(),
        "zone": zone,
    }
    return render(request, "notices/preferences.html", context)


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep what the viewer wants to be told."""
    viewer: Any = request.user
    chosen = {
        (topic, channel): request.POST.get(f"{channel}-{topic}", "")
        for topic in selectors.topics_for(viewer)
        for channel in OFFERED
        if topic not in MANDATORY
    }
    services.save_preferences(
        chosen=chosen,
        hour=request.POST.get("hour", ""),
        zone=request.POST.get("zone", ""),
        by=viewer,
    )
    messages.info(request, "Saved. It counts for what happens from now on.")
    return redirect("notice_preferences")


@require_safe
def deliveries(request: HttpRequest) -> HttpResponse:
    """Show what was sent, what waits and what failed, and the channels in Teams."""
    viewer: Any = request.user
    teams.require(viewer, Action.NOTICES_OPERATE, None)
    tab = request.GET.get("tab", "")
    tab = tab if tab in selectors.TABS else "failed"
    context = {
        "tab": tab,
        "tabs": {name: label for name, (label, _) in selectors.TABS.items()},
        "counts": selectors.tab_counts(viewer),
        "backlog": selectors.backlog_for(viewer),
        "page": selectors.deliveries_page(viewer, tab=tab, cursor=request.GET.get("cursor", "")),
        "channels": [
            (channel, [SHARED[topic] for topic in channel.topics])
            for channel in selectors.channels_of(viewer)
        ],
        "units": selectors.units(),
        "topics": SHARED.items(),
    }
    return render(request, "notices/deliveries.html", context)


@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Try a failed delivery again."""
    viewer: Any = request.user
    services.retry_delivery(pk=pk, by=viewer)
    messages.info(request, "A worker tries it again within a few seconds.")
    return redirect("notice_deliveries")


@require_POST
def add_channel(request: HttpRequest) -> HttpResponse:
    """Tell a channel in Teams from now on."""
    viewer: Any = request.user
    try:
        channel = services.add_channel(
            name=request.POST.get("name", ""),
            unit=request.POST.get("unit", ""),
            webhook=request.POST.get("webhook", ""),
            topics=request.POST.getlist("topics"),
            by=viewer,
        )
    except InvalidError as error:
        messages.error(request, error.message)
    else:
        messages.info(request, f"{channel.name} is told from now on.")
    return redirect("notice_deliveries")


@require_POST
def remove_channel(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell a channel in Teams nothing any more."""
    viewer: Any = request.user
    channel = services.remove_channel(pk=pk, by=viewer)
    messages.info(request, f"{channel.name} is told nothing any more.")
    return redirect("notice_deliveries")


def _row(topic: Topic, modes: selectors.Modes) -> dict[str, Any]:
    """Lay out a topic: for each channel its name in the form, and each mode with its state."""
    return {
        "topic": topic,
        "mandatory": topic in MANDATORY,
        "cells": [
            {
                "channel": channel,
                "name": f"{channel}-{topic}",
                "options": [
                    (mode, WORDS[channel][mode], mode == modes[topic, channel]) for mode in offered
                ],
            }
            for channel, offered in OFFERED.items()
        ],
    }
