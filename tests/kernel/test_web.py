"""Refusals reach a person as a page, a script as a notice, a program as problem+json."""

import json

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from apps.kernel import web
from apps.kernel.errors import (
    ConflictError,
    InvalidError,
    NotAllowedError,
    NotFoundError,
    PortalError,
    StaleStateError,
)
from apps.kernel.logs import correlation_id

ERRORS = [
    (PortalError("Broken; whole would pass."), 400),
    (NotAllowedError("Ask an approver."), 403),
    (NotFoundError(), 404),
    (ConflictError("Withdrawn; a copy would pass."), 409),
    (StaleStateError("Petra was faster."), 409),
    (InvalidError("One field does not fit.", {"capacity": "Ask for 100 or less."}), 422),
]


def answer(error, *, htmx=False):
    request = RequestFactory().get("/somewhere/")
    request.htmx = htmx
    return web.PortalErrorMiddleware(lambda r: HttpResponse()).process_exception(request, error)


@pytest.mark.parametrize(("error", "status"), ERRORS, ids=lambda e: type(e).__name__)
def test_a_page_says_the_sentence(error, status):
    response = answer(error)
    assert response.status_code == status
    text = response.content.decode()
    assert "<html" in text
    page_404 = "The address has no page, or it belongs to a team that you are not in."
    assert (page_404 if status == 404 else error.message) in text


@pytest.mark.parametrize(("error", "status"), ERRORS, ids=lambda e: type(e).__name__)
def test_htmx_gets_a_notice_only(error, status):
    response = answer(error, htmx=True)
    assert response.status_code == status
    text = response.content.decode()
    assert "<html" not in text
    assert "p-note" in text
    assert error.message in text


def test_a_defect_stays_a_defect():
    assert answer(ValueError("ours")) is None


@pytest.mark.parametrize(("error", "status"), ERRORS, ids=lambda e: type(e).__name__)
def test_problem_details(error, status):
    token = correlation_id.set("abc-12345")
    request = RequestFactory().get("/api/somewhere/")
    response = web.problem_json(error, {"request": request})
    correlation_id.reset(token)
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    body = json.loads(json.dumps(response.data))
    assert body["detail"] == error.message
    assert body["status"] == status
    assert body["instance"] == "/api/somewhere/"
    assert body["request_id"] == "abc-12345"
    assert body["type"] == f"urn:portal:{error.code}"
    assert body.get("errors") == getattr(error, "fields", None)


def test_a_defect_of_the_api_is_no_problem_document():
    assert web.problem_json(ValueError("ours"), {"request": RequestFactory().get("/")}) is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("4fbe2c3a-1111", True),
        ("short", False),
        ("x" * 65, False),
        ("with space 12345", False),
        ('inject"quote-12345', False),
        ("", False),
    ],
)
def test_a_request_id_is_taken_only_if_well_formed(given, kept):
    seen = []

    def view(request):
        seen.append(correlation_id.get())
        return HttpResponse()

    response = web.RequestIdMiddleware(view)(
        RequestFactory().get("/", headers={"X-Request-Id": given})
    )
    assert (seen[0] == given) is kept
    assert response["X-Request-Id"] == seen[0]
    assert correlation_id.get() == ""


@pytest.mark.django_db
def test_a_part_of_a_page_whose_session_ended_leads_to_sign_in(client):
    response = client.get(
        "/requests/7/progress/",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/requests/7/?a=b"},
    )
    assert response.status_code == 204
    assert response["HX-Redirect"] == "/account/login/?next=%2Frequests%2F7%2F"


@pytest.mark.django_db
def test_a_request_is_logged_by_its_route_and_never_with_a_token(client, caplog):
    with caplog.at_level("INFO"):
        client.get("/account/link/abc-0pen5e5ame/", headers={"X-Request-Id": "4fbe2c3a-1111"})
    assert "0pen5e5ame" not in caplog.text
    said = [r.msg for r in caplog.records if isinstance(r.msg, dict)]
    (line,) = [m for m in said if m.get("event") == "request"]
    assert line["route"].startswith("^account/link/")
    assert line["correlation_id"] == "4fbe2c3a-1111"
