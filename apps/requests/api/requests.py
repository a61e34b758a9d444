"""Requests over the API: list, draft, change, submit, withdraw, talk."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.kernel import keyset
from apps.kernel.api import REFUSALS
from apps.requests import selectors, services
from apps.requests.api.shapes import (
    ASKED,
    CHANGED,
    PAGE,
    MessageIn,
    MessageOut,
    ReasonIn,
    RequestDetailOut,
    RequestOut,
    body_of,
    payload_in,
    read,
)


class RequestList(APIView):
    """Requests of one's teams."""

    @extend_schema(
        operation_id="requests_list",
        parameters=[
            OpenApiParameter("tab", str, enum=list(selectors.TABS)),
            OpenApiParameter("status", str),
            OpenApiParameter("text", str, description="Number, title, workload, team or person."),
            OpenApiParameter("team", str),
            OpenApiParameter("environment", str),
            OpenApiParameter("mine", str, enum=["1"]),
            OpenApiParameter("cursor", str),
        ],
        responses={200: PAGE},
    )
    def get(self, request: Request) -> Response:
        """List requests, last changed first, page by page."""
        viewer: Any = request.user
        asked = selectors.Asked.read(request.query_params)
        page: keyset.Page[Any] = selectors.page_of(viewer, asked)
        rows = RequestOut(page.rows, many=True).data
        return Response({"results": rows, "older": page.older, "newer": page.newer})

    @extend_schema(
        operation_id="requests_create", request=ASKED, responses={201: RequestOut, **REFUSALS}
    )
    def post(self, request: Request) -> Response:
        """Keep a draft as it is sent; submit checks it."""
        viewer: Any = request.user
        body = body_of(request)
        row = services.save_draft(
            kind=str(body.get("kind", "")), payload=payload_in(body), by=viewer
        )
        return Response(RequestOut(row).data, status=201)


class RequestDetail(APIView):
    """One request."""

    @extend_schema(operation_id="requests_read", responses={200: RequestDetailOut, **REFUSALS})
    def get(self, request: Request, pk: int) -> Response:
        """Read a request, and what a change of something built would change."""
        viewer: Any = request.user
        row = selectors.request_for(viewer, pk)
        compared = selectors.compared_of(viewer, row) if row.submitted_at else None
        return Response(RequestDetailOut(row, context={"compared": compared}).data)

    @extend_schema(
        operation_id="requests_change", request=CHANGED, responses={200: RequestOut, **REFUSALS}
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change fields of a draft, or of a request that came back."""
        viewer: Any = request.user
        row = selectors.request_for(viewer, pk)
        payload = {**row.payload, **payload_in(body_of(request))}
        row = services.save_draft(kind=row.kind, payload=payload, request=row, by=viewer)
        return Response(RequestOut(row).data)


@extend_schema(
    operation_id="requests_submit", request=None, responses={200: RequestOut, **REFUSALS}
)
@api_view(["POST"])
def submit(request: Request, pk: int) -> Response:
    """Check all of it, freeze it and hold its capacity."""
    viewer: Any = request.user
    row = services.submit_request(request=selectors.request_for(viewer, pk), by=viewer)
    return Response(RequestOut(row).data)


@extend_schema(
    operation_id="requests_withdraw",
    request=ReasonIn,
    responses={200: RequestOut, **REFUSALS},
)
@api_view(["POST"])
def withdraw(request: Request, pk: int) -> Response:
    """Take a request back."""
    viewer: Any = request.user
    row = selectors.request_for(viewer, pk)
    reason = read(ReasonIn, request)["reason"]
    row = services.withdraw_request(request=row, reason=reason, by=viewer)
    return Response(RequestOut(row).data)


class Messages(APIView):
    """The conversation about a request."""

    @extend_schema(
        operation_id="requests_messages",
        responses={200: MessageOut(many=True), **REFUSALS},
    )
    def get(self, request: Request, pk: int) -> Response:
        """List what was said, oldest first."""
        viewer: Any = request.user
        rows = selectors.conversation(viewer, selectors.request_for(viewer, pk))
        return Response(MessageOut(rows, many=True).data)

    @extend_schema(
        operation_id="requests_say",
        request=MessageIn,
        responses={201: MessageOut, **REFUSALS},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Add a note, or answer the open question."""
        viewer: Any = request.user
        row, said = selectors.request_for(viewer, pk), read(MessageIn, request)
        if said["answers"]:
            message = services.answer(request=row, body=said["body"], by=viewer)
        else:
            message = services.say(
                request=row, body=said["body"], internal=said["internal"], by=viewer
            )
        return Response(MessageOut(message).data, status=201)
