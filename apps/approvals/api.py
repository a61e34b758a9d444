"""Deciding over the API: the inbox, where a request stands, votes and counter-offers."""

from collections.abc import Callable, Sequence
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from apps.approvals import selectors, services
from apps.kernel.api import PROBLEM, REFUSALS, known_parameters, page_shape
from apps.requests import selectors as requests
from apps.requests.api.shapes import ReasonIn, RequestOut, read

FILTERS = ("tab", "unit", "cursor")


class WaitOut(serializers.Serializer[Any]):
    """One thing that a request waits for: whom, by which rule, since when, and what would pass."""

    label = serializers.CharField()  # type: ignore[assignment]
    rule = serializers.CharField()
    people = serializers.SerializerMethodField(help_text="Who may act now, by e-mail.")
    since = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    passes = serializers.CharField()

    def get_people(self, wait: requests.Wait) -> list[str]:
        """List e-mail addresses."""
        return [person.email for person in wait.people]


class VoteOut(serializers.Serializer[Any]):
    """A vote; `voice` is whose say it is: another person's where somebody acted for them."""

    verdict = serializers.CharField()
    person = serializers.CharField(source="person.email")
    voice = serializers.CharField(source="voice.email")
    reason = serializers.CharField()
    at = serializers.DateTimeField()


class StepOut(serializers.Serializer[Any]):
    """A step of the present round; the steps of one stage are open at the same time."""

    id = serializers.IntegerField(source="pk")
    stage = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]
    rule = serializers.CharField()
    status = serializers.CharField()
    needed = serializers.IntegerField(help_text="How many yeses approve it.")
    opened_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    votes = VoteOut(source="decisions.all", many=True)


class InboxOut(serializers.Serializer[Any]):
    """A step that waits for the caller, with its request."""

    step = serializers.IntegerField(source="pk")
    label = serializers.CharField()  # type: ignore[assignment]
    rule = serializers.CharField()
    opened_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)
    request = RequestOut()


class Vote(serializers.Serializer[Any]):
    """A vote; with `step` it never counts for another step than the one that was read."""

    step = serializers.IntegerField(required=False, allow_null=True, default=None)
    reason = serializers.CharField(max_length=2000, default="", allow_blank=True)


class Question(serializers.Serializer[Any]):
    """What the team is asked."""

    step = serializers.IntegerField(required=False, allow_null=True, default=None)
    body = serializers.CharField(max_length=4000)


class OfferIn(serializers.Serializer[Any]):
    """What is offered instead: fields of the payload, the last day, or both."""

    step = serializers.IntegerField(required=False, allow_null=True, default=None)
    changes = serializers.DictField(default=dict)
    until_on = serializers.DateField(required=False, allow_null=True, default=None)
    note = serializers.CharField(max_length=2000, default="", allow_blank=True)


class Nothing(serializers.Serializer[Any]):
    """An act that needs no words."""


INBOX = page_shape("InboxPage", InboxOut(many=True))
STANDS = inline_serializer("Stands", {"steps": StepOut(many=True), "waits": WaitOut(many=True)})


@extend_schema(
    operation_id="inbox_list",
    parameters=[
        OpenApiParameter("tab", str, enum=list(selectors.TABS)),
        OpenApiParameter("unit", str, description="A business unit."),
        OpenApiParameter("cursor", str),
    ],
    responses={200: INBOX, 403: PROBLEM, 422: PROBLEM},
)
@api_view(["GET"])
def inbox(request: Request) -> Response:
    """List what waits for the caller's decision, the longest wait first."""
    viewer: Any = request.user
    asked = {"tab": "waiting", "unit": "", "cursor": "", **known_parameters(request, FILTERS)}
    page = selectors.inbox_page(viewer, **asked)
    rows = InboxOut(page.rows, many=True).data
    return Response({"results": rows, "older": page.older, "newer": page.newer})


@extend_schema(operation_id="requests_steps", responses={200: STANDS, 404: PROBLEM})
@api_view(["GET"])
def steps(request: Request, pk: int) -> Response:
    """Say where a request stands: its steps with their votes, and what it waits for now."""
    viewer: Any = request.user
    row = requests.request_for(viewer, pk)
    waits: Sequence[requests.Wait] = selectors.waiting_for([row]).get(row.pk, ())
    found = selectors.current_steps(row)
    return Response(
        {"steps": StepOut(found, many=True).data, "waits": WaitOut(waits, many=True).data}
    )


def _act(
    name: str, shape: type[serializers.Serializer[Any]], act: Callable[..., object], doc: str
) -> Callable[..., Response]:
    """Make the view of one act on a request: read a body, act, answer with the request."""

    @extend_schema(
        operation_id=f"requests_{name}",
        request=shape,
        responses={200: RequestOut, **REFUSALS},
        description=doc,
    )
    @api_view(["POST"])
    def view(request: Request, pk: int) -> Response:
        viewer: Any = request.user
        row = requests.request_for(viewer, pk)
        act(request=row, by=viewer, **read(shape, request))
        row.refresh_from_db()  # whoever was named for one step may no longer look the request up
        return Response(RequestOut(row).data)

    return view


approve = _act("approve", Vote, services.approve, "Vote yes on an open step.")
reject = _act("reject", Vote, services.reject, "Vote no, with a reason; one no ends the request.")
ask = _act("ask", Question, services.ask, "Ask the team something; the clock stands still.")
offer = _act("offer", OfferIn, services.make_offer, "Say yes to something else.")
offer_accept = _act(
    "offer_accept",
    Nothing,
    services.accept_offer,
    "Take what is offered: the request is changed and submitted anew.",
)
offer_decline = _act("offer_decline", ReasonIn, services.decline_offer, "Decline what is offered.")
