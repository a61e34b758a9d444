"""The API of requests: the same services, rights and rules as the pages."""

from typing import Any

from drf_spectacular.utils import (
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.kernel import keyset
from apps.kernel.errors import InvalidError
from apps.requests import selectors, services
from apps.requests.kinds import KINDS

PROBLEM = inline_serializer(
    "Problem",
    {
        "type": serializers.CharField(),
        "title": serializers.CharField(),
        "status": serializers.IntegerField(),
        "detail": serializers.CharField(help_text="What is wrong and what would pass."),
        "instance": serializers.CharField(),
        "request_id": serializers.CharField(),
        "errors": serializers.DictField(child=serializers.CharField(), required=False),
    },
)
REFUSALS = {403: PROBLEM, 404: PROBLEM, 409: PROBLEM, 422: PROBLEM}


class RequestOut(serializers.Serializer[Any]):
    """A request as the API shows it; amounts are nano-USD."""

    id = serializers.IntegerField(source="pk")
    number = serializers.CharField()
    kind = serializers.CharField()
    title = serializers.CharField()
    status = serializers.CharField()
    trouble = serializers.CharField()
    team = serializers.CharField(source="team.slug")
    requester = serializers.CharField(source="requester.email")
    payload = serializers.DictField()
    payload_version = serializers.IntegerField()
    estimate = serializers.DictField(help_text="Frozen at submit; empty before.")
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class MessageOut(serializers.Serializer[Any]):
    """Something said about a request."""

    kind = serializers.CharField()
    author = serializers.CharField(source="author.email")
    body = serializers.CharField()
    internal = serializers.BooleanField()
    at = serializers.DateTimeField()


class MessageIn(serializers.Serializer[Any]):
    """Something to say; while a question is open and with `answers`, it is the answer."""

    body = serializers.CharField(max_length=4000)
    internal = serializers.BooleanField(default=False)
    answers = serializers.BooleanField(default=False)


class WithdrawIn(serializers.Serializer[Any]):
    """Why a request is taken back."""

    reason = serializers.CharField(max_length=2000, default="", allow_blank=True)


PAGE = inline_serializer(
    "RequestPage",
    {
        "results": RequestOut(many=True),
        "older": serializers.CharField(help_text="Cursor of the next page, or empty."),
        "newer": serializers.CharField(help_text="Cursor of the page before, or empty."),
    },
)


def _asking(slug: str) -> type[serializers.Serializer[Any]]:
    """Make the body that asks for one kind: its name and its payload."""
    name = "".join(part.capitalize() for part in slug.split("_"))
    fields = {"kind": serializers.ChoiceField([slug]), "payload": KINDS.get(slug).spec()}
    return type(f"{name}Asked", (serializers.Serializer,), fields)


ASKED = PolymorphicProxySerializer(
    component_name="Asked",
    serializers={slug: _asking(slug) for slug in KINDS},
    resource_type_field_name="kind",
)
CHANGED = inline_serializer(
    "Changed", {"payload": serializers.DictField(help_text="The fields to change.")}
)
CHOSEN = inline_serializer(
    "Chosen", {"payload": serializers.DictField(help_text="The fields chosen so far.")}
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
        body = _body(request)
        row = services.save_draft(kind=str(body.get("kind", "")), payload=_payload(body), by=viewer)
        return Response(RequestOut(row).data, status=201)


class RequestDetail(APIView):
    """One request."""

    @extend_schema(operation_id="requests_read", responses={200: RequestOut, **REFUSALS})
    def get(self, request: Request, pk: int) -> Response:
        """Read a request."""
        viewer: Any = request.user
        return Response(RequestOut(selectors.request_for(viewer, pk)).data)

    @extend_schema(
        operation_id="requests_change", request=CHANGED, responses={200: RequestOut, **REFUSALS}
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change fields of a draft, or of a request that came back."""
        viewer: Any = request.user
        row = selectors.request_for(viewer, pk)
        payload = {**row.payload, **_payload(_body(request))}
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
    request=WithdrawIn,
    responses={200: RequestOut, **REFUSALS},
)
@api_view(["POST"])
def withdraw(request: Request, pk: int) -> Response:
    """Take a request back."""
    viewer: Any = request.user
    row = selectors.request_for(viewer, pk)
    reason = _read(WithdrawIn, request)["reason"]
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
        row, said = selectors.request_for(viewer, pk), _read(MessageIn, request)
        if said["answers"]:
            message = services.answer(request=row, body=said["body"], by=viewer)
        else:
            message = services.say(
                request=row, body=said["body"], internal=said["internal"], by=viewer
            )
        return Response(MessageOut(message).data, status=201)


@extend_schema(
    operation_id="kind_options",
    request=CHOSEN,
    responses={
        200: inline_serializer(
            "Options",
            {
                "field": inline_serializer(
                    "Option",
                    {
                        "value": serializers.CharField(),
                        "label": serializers.CharField(),
                        "hint": serializers.CharField(),
                        "why_not": serializers.CharField(help_text="Empty if it can be chosen."),
                    },
                    many=True,
                )
            },
        ),
        **REFUSALS,
    },
)
@api_view(["POST"])
def options(request: Request, kind: str) -> Response:
    """Give the choices of each field for the fields chosen so far, as in the form."""
    found = _review(request, kind)
    return Response(
        {name: [vars(one) for one in choices] for name, choices in found.options.items()}
    )


@extend_schema(
    operation_id="kind_estimate",
    request=CHOSEN,
    responses={
        200: inline_serializer(
            "Estimated",
            {
                "estimate": serializers.DictField(help_text="List cost a month in nano-USD."),
                "alternatives": serializers.ListField(child=serializers.DictField()),
                "errors": serializers.DictField(child=serializers.CharField()),
            },
        ),
        **REFUSALS,
    },
)
@api_view(["POST"])
def estimate(request: Request, kind: str) -> Response:
    """Price what was chosen so far, and say what would be refused."""
    found = _review(request, kind)
    alternatives = found.kind.alternatives(found.payload)
    return Response(
        {
            "estimate": found.estimate.as_json(),
            "alternatives": [vars(one) for one in alternatives],
            "errors": found.errors,
        }
    )


def _review(request: Request, kind: str) -> selectors.Review:
    viewer: Any = request.user
    what = selectors.kind_named(kind)
    services.require_asker(viewer)
    typed = selectors.typed_of(what, _payload(_body(request)))
    return selectors.review(what, typed, viewer)


def _body(request: Request) -> dict[str, Any]:
    if isinstance(request.data, dict):
        return request.data
    raise InvalidError("Send a JSON object.", {})


def _payload(body: dict[str, Any]) -> dict[str, Any]:
    payload = body.get("payload", {})
    if not isinstance(payload, dict):
        sentence = "The payload is a JSON object of fields."
        raise InvalidError(sentence, {"payload": sentence})
    return payload


def _read(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Read a small body, or refuse it with a sentence per field."""
    found = shape(data=_body(request))
    if found.is_valid():
        return dict(found.validated_data)
    errors = {name: " ".join(map(str, texts)) for name, texts in found.errors.items()}
    raise InvalidError(" ".join(f"{name}: {text}" for name, text in errors.items()), errors)
