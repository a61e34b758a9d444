"""Between the browser and the chapters: request ids, and errors that a person can read."""

import re
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render, resolve_url
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import set_rollback

from apps.kernel.errors import InvalidError, NotFoundError, PortalError
from apps.kernel.logs import correlation_id

log = structlog.get_logger(__name__)
Next = Callable[[HttpRequest], HttpResponse]
NUL = "What was sent holds a character that no text has here (NUL). Remove it and try again."
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


class RequestIdMiddleware:
    """Give every request an id that is in its logs, its audit entries and its page.

    Each leaves one line with its route, never its address: a one-time link has its token there.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Take a well-formed id from a proxy, else make one."""
        given = request.headers.get("X-Request-Id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        token, began = correlation_id.set(request_id), time.perf_counter()
        try:
            response = self.get_response(request)
            log.info(
                "request",
                method=request.method,
                route=getattr(request.resolver_match, "route", ""),
                status=response.status_code,
                took_ms=round((time.perf_counter() - began) * 1000),
            )
        finally:
            correlation_id.reset(token)
        response["X-Request-Id"] = request_id
        return response


class PortalErrorMiddleware:
    """Turn a PortalError of a view into a page, or into a notice for an htmx request."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, unless it holds a NUL: PostgreSQL takes no such text."""
        if "\0" in request.path or _has_nul(request.GET) or _has_nul(request.POST):
            return self._refuse(request, PortalError(NUL))
        return _whole_page(request, self.get_response(request))

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer a refusal; anything else stays a defect and becomes a 500."""
        return self._refuse(request, error) if isinstance(error, PortalError) else None

    def _refuse(self, request: HttpRequest, error: PortalError) -> HttpResponse:
        htmx = bool(getattr(request, "htmx", False))
        template = "components/notice.html" if htmx else f"{_page_for(error)}.html"
        context = {"tone": "bad", "text": error.message, "error": error}
        return render(request, template, context, status=error.status)


def _whole_page(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Send a page whose session has ended to sign-in as a whole, not a part of it."""
    login = resolve_url(settings.LOGIN_URL)
    if not getattr(request, "htmx", False) or not response.get("Location", "").startswith(login):
        return response
    here = urlsplit(request.headers.get("HX-Current-URL", "/")).path
    return HttpResponse(status=204, headers={"HX-Redirect": f"{login}?{urlencode({'next': here})}"})


def _has_nul(given: QueryDict) -> bool:
    return any("\0" in value for _, values in given.lists() for value in values)


def _page_for(error: PortalError) -> str:
    return {403: "403", 404: "404", 409: "409"}.get(error.status, "400")


def problem(error: PortalError, *, instance: str) -> dict[str, Any]:
    """Describe a refusal as RFC 9457 problem details."""
    body: dict[str, Any] = {
        "type": f"urn:portal:{error.code}",
        "title": error.code.replace("_", " "),
        "status": error.status,
        "detail": error.message,
        "instance": instance,
        "request_id": correlation_id.get(),
    }
    if isinstance(error, InvalidError):
        body["errors"] = error.fields
    return body


def problem_json(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer every API error as application/problem+json (DRF's EXCEPTION_HANDLER)."""
    known = _as_portal_error(error)
    if known is None:
        return None
    set_rollback()
    body = problem(known, instance=context["request"].path)
    headers = getattr(error, "auth_header", None)
    response = Response(body, status=known.status, content_type="application/problem+json")
    if headers:
        response["WWW-Authenticate"] = headers
    return response


def _as_portal_error(error: Exception) -> PortalError | None:
    if isinstance(error, PortalError):
        return error
    if isinstance(error, Http404):
        return NotFoundError()
    if isinstance(error, PermissionDenied):
        error = APIException(str(error) or "This is not yours to do.")
        error.status_code = 403
    if isinstance(error, APIException):
        known = PortalError(str(error.detail))
        known.status = error.status_code
        known.code = str(getattr(error, "default_code", "refused"))
        return known
    return None
