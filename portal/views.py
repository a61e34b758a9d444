"""Pages that belong to no chapter: home, search, health."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from kombu import Connection
from kombu.exceptions import OperationalError

from apps.kernel import panels
from apps.teams import selectors as teams
from apps.teams.roles import Action

MAX_QUERY = 100
WORDS = ("Nothing", "One thing", "Two things", "Three things", "Four things", "Five things")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Say first what needs this person, then how things are."""
    viewer: Any = request.user
    told = panels.collect("home.headline", viewer)
    needs_me = panels.collect("home.needs_me", viewer)
    under_way = panels.collect("home.under_way", viewer)
    count, moving = _things(needs_me), _things(under_way)
    return render(
        request,
        "portal/home.html",
        {
            "headline": next(
                (one.context["headline"] for one in told if not one.failed),
                headline(count, viewer.first_name),
            ),
            "told": told,
            "needs_me": needs_me,
            "needs_count": count,
            "under_way": under_way,
            "moving": moving,
            "may_ask": teams.may_anywhere(viewer, Action.REQUEST_CREATE),
        },
    )


def _things(collected: list[panels.Shown]) -> int:
    """Count all that a slot has to tell, also what its panels only link to (`count`)."""
    return sum(
        shown.context.get("count", len(shown.context.get("todos", ()))) for shown in collected
    )


def headline(count: int, name: str) -> str:
    """Answer in one sentence what a person came to ask."""
    words = WORDS[count] if count < len(WORDS) else f"{count} things"
    return f"{words} need{'s' if count < 2 else ''} you, {name}"


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Look a word up in models, requests and deployments that the viewer may see."""
    query = request.GET.get("q", "").strip()[:MAX_QUERY]
    found = panels.collect("search.results", request.user, query=query) if query else []
    hits = sum(len(shown.context.get("hits", ())) for shown in found)
    context = {"query": query, "found": found, "hits": hits}
    return render(request, "portal/search.html", context)


@login_not_required
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Say that the process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Say whether people can be served: 503 while the database is away or not migrated.

    A missing broker is reported but does not make the portal unready: jobs wait in their rows.
    """
    parts = {"database": _database(), "broker": _broker()}
    ok = parts["database"] == "ok"
    status = HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE
    return JsonResponse({"ready": ok, **parts}, status=status)


def _database() -> str:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "away"
    return "not migrated" if pending else "ok"


def _broker() -> str:
    with Connection(settings.CELERY_BROKER_URL, connect_timeout=1) as broker:
        try:
            broker.ensure_connection(max_retries=0, timeout=1)
        except OperationalError:
            return "away"
    return "ok"


@login_not_required
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself refuses (a broken host name, a bad form body)."""
    return render(request, "400.html", status=HTTPStatus.BAD_REQUEST)
