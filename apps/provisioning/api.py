"""What was built, over the API: read it, change it, renew it, give it back."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from apps.kernel import keyset
from apps.kernel.api import PROBLEM, REFUSALS, known_parameters, page_shape
from apps.provisioning import selectors, services
from apps.requests import selectors as requests
from apps.requests.api.shapes import ReasonIn, RequestOut, read

FILTERS = ("text", "model", "region", "environment", "team", "status", "cursor")


class ResourceOut(serializers.Serializer[Any]):
    """Something that was built; no key is ever shown here."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    kind = serializers.CharField()
    status = serializers.CharField()
    team = serializers.CharField(source="team.slug")
    workload = serializers.CharField(source="workload.slug")
    environment = serializers.CharField(source="environment.slug")
    region = serializers.CharField()
    request = serializers.IntegerField(source="request_id", help_text="It was last built by.")
    azure_id = serializers.CharField()
    facts = serializers.DictField()
    built_at = serializers.DateTimeField()
    expires_on = serializers.DateField(allow_null=True)
    recycle_until = serializers.DateTimeField(allow_null=True)


class EndIn(ReasonIn):
    """Whoever ends something types its name."""

    typed = serializers.CharField(
        default="", allow_blank=True, help_text="The resource’s name; without it nothing is asked."
    )


PAGE = page_shape("ResourcePage", ResourceOut(many=True))


@extend_schema(
    operation_id="resources_list",
    parameters=[OpenApiParameter(name, str) for name in FILTERS],
    responses={200: PAGE, 422: PROBLEM},
)
@api_view(["GET"])
def resources(request: Request) -> Response:
    """List what was built for one's teams, last built first."""
    viewer: Any = request.user
    asked = selectors.Asked.read(known_parameters(request, FILTERS))
    page: keyset.Page[Any] = selectors.page_of(viewer, asked)
    rows = ResourceOut(page.rows, many=True).data
    return Response({"results": rows, "older": page.older, "newer": page.newer})


@extend_schema(operation_id="resources_read", responses={200: ResourceOut, 404: PROBLEM})
@api_view(["GET"])
def resource(request: Request, pk: int) -> Response:
    """Read what was built."""
    viewer: Any = request.user
    return Response(ResourceOut(selectors.resource_for(viewer, pk)).data)


@extend_schema(
    operation_id="resources_change", request=None, responses={201: RequestOut, **REFUSALS}
)
@api_view(["POST"])
def change(request: Request, pk: int) -> Response:
    """Begin a change: a draft with what is built; PATCH its payload, then submit it."""
    viewer: Any = request.user
    draft = services.begin_change(resource=selectors.resource_for(viewer, pk), by=viewer)
    return _asked(viewer, draft.pk)


@extend_schema(
    operation_id="resources_renew", request=ReasonIn, responses={201: RequestOut, **REFUSALS}
)
@api_view(["POST"])
def renew(request: Request, pk: int) -> Response:
    """Ask for another lifetime of what is built, as it is."""
    viewer: Any = request.user
    found = selectors.resource_for(viewer, pk)
    row = services.ask_renewal(resource=found, by=viewer, **read(ReasonIn, request))
    return _asked(viewer, row.pk)


@extend_schema(
    operation_id="resources_decommission", request=EndIn, responses={201: RequestOut, **REFUSALS}
)
@api_view(["POST"])
def decommission(request: Request, pk: int) -> Response:
    """Ask to end it; it can be restored for a week, then it is deleted for good."""
    viewer: Any = request.user
    found = selectors.resource_for(viewer, pk)
    row = services.ask_decommission(resource=found, by=viewer, **read(EndIn, request))
    return _asked(viewer, row.pk)


@extend_schema(
    operation_id="resources_restore", request=None, responses={200: ResourceOut, **REFUSALS}
)
@api_view(["POST"])
def restore(request: Request, pk: int) -> Response:
    """Undo a retirement while it can be undone; the way in is open again."""
    viewer: Any = request.user
    services.restore(resource=selectors.resource_for(viewer, pk), by=viewer)
    return Response(ResourceOut(selectors.resource_for(viewer, pk)).data)


def _asked(viewer: Any, pk: int) -> Response:
    return Response(RequestOut(requests.request_for(viewer, pk)).data, status=201)
