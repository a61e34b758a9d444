"""Capacity over the API: what may still be promised, pool by pool."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from apps.capacity.selectors import browse
from apps.capacity.selectors.pools import Free
from apps.kernel.api import PROBLEM, known_parameters, page_shape

FILTERS = ("text", "region", "unit", "tier", "show", "cursor")
COUNTS = ("limit", "azure_used", "built", "foreign", "committed", "held", "free")
POOL = inline_serializer(
    "Pool",
    {
        "id": serializers.IntegerField(),
        **{name: serializers.CharField() for name in ("tier", "region", "meter", "unit")},
        **{name: serializers.IntegerField(help_text="In `unit`.") for name in COUNTS},
        "as_of": serializers.DateTimeField(help_text="When Azure’s limit was last read."),
    },
    many=True,
)
POOLS = page_shape("PoolPage", POOL)


@extend_schema(
    operation_id="capacity_list",
    parameters=[
        OpenApiParameter("text", str, description="Words of Azure’s usage name and the region."),
        OpenApiParameter("region", str),
        OpenApiParameter("unit", str, enum=list(browse.UNITS)),
        OpenApiParameter("tier", str, enum=list(browse.TIERS)),
        OpenApiParameter("show", str, enum=list(browse.SHOWN), default="quota"),
        OpenApiParameter("cursor", str),
    ],
    responses={200: POOLS, 422: PROBLEM},
)
@api_view(["GET"])
def capacity(request: Request) -> Response:
    """List the pools with what is promised out of them, by region and meter; for everybody alike.

    free = limit − built − foreign − committed − held; what Azure’s machines can take is another
    answer, in the options of a kind.
    """
    found = browse.pools_page(browse.Asked.read(known_parameters(request, FILTERS)))
    results = [_pool(one) for one in found.rows]
    return Response({"results": results, "older": found.page.older, "newer": found.page.newer})


def _pool(pool: Free) -> dict[str, Any]:
    return {
        "id": pool.pool_id,
        "tier": pool.tier,
        "region": pool.region,
        "meter": pool.meter,
        "unit": pool.unit,
        **{name: getattr(pool, name) for name in COUNTS},
        "as_of": pool.synced_at,
    }
