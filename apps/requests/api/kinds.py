"""What a kind offers over the API: choices and estimate for what was chosen so far."""

from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from apps.kernel.api import REFUSALS
from apps.requests import selectors, services
from apps.requests.api.shapes import CHOSEN, body_of, payload_in


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
    typed = selectors.typed_of(what, payload_in(body_of(request)))
    return selectors.review(what, typed, viewer)
