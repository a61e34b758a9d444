"""The catalogue over the API: models, versions and where they run, list prices, residency."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from apps.catalog import selectors
from apps.catalog.selectors import PriceFacts, VersionFacts, browse
from apps.kernel.api import PROBLEM, known_parameters, page_shape
from apps.kernel.errors import InvalidError, NotFoundError

FILTERS = ("text", "runs_in", "sku", "task", "life", "sort", "cursor")
OFFER = ("model", "version", "sku", "region", "on")
VERSION = inline_serializer(
    "ModelVersion",
    {
        "version": serializers.CharField(),
        "lifecycle": serializers.CharField(),
        "retires_on": serializers.DateField(allow_null=True),
        "replacement": serializers.CharField(),
        "offers": serializers.ListField(
            child=serializers.DictField(), help_text="Each {deployment_type, region}."
        ),
    },
)
MODEL_FIELDS: dict[str, serializers.Field[Any, Any, Any, Any]] = {
    "name": serializers.CharField(),
    "publisher": serializers.CharField(),
    "task": serializers.CharField(),
    "context_tokens": serializers.IntegerField(allow_null=True),
    "max_output_tokens": serializers.IntegerField(allow_null=True),
    "version": serializers.CharField(help_text="The newest; empty where none is known."),
    "retires_on": serializers.DateField(allow_null=True),
}
MODELS = page_shape(
    "ModelPage",
    inline_serializer("Model", MODEL_FIELDS, many=True),
    matching=serializers.IntegerField(),
)
PRICE = inline_serializer(
    "ListPrice",
    {
        "per_1m_nano": serializers.DictField(child=serializers.IntegerField()),
        "ptu_hour_nano": serializers.IntegerField(allow_null=True),
        "effective_on": serializers.DateField(),
        "ends_on": serializers.DateField(allow_null=True),
        "source": serializers.CharField(),
        "as_of": serializers.DateField(),
    },
)


@extend_schema(
    operation_id="models_list",
    parameters=[OpenApiParameter(name, str) for name in FILTERS],
    responses={200: MODELS, 422: PROBLEM},
)
@api_view(["GET"])
def models(request: Request) -> Response:
    """List the models that can be chosen, filtered as the catalogue's page is."""
    today = timezone.now().date()
    asked = browse.Asked.read(known_parameters(request, FILTERS))
    found = browse.models_page(asked, today)
    return Response(
        {
            "results": [_model(row.model, row.version) for row in found.rows],
            "matching": found.matching,
            "older": found.page.older,
            "newer": found.page.newer,
        }
    )


@extend_schema(
    operation_id="models_read",
    responses={
        200: inline_serializer(
            "ModelSheet", {**MODEL_FIELDS, "versions": VERSION, "notes": serializers.ListField()}
        ),
        404: PROBLEM,
    },
)
@api_view(["GET"])
def model(request: Request, name: str) -> Response:
    """Read one model: its versions, newest first, and where each is offered."""
    today = timezone.now().date()
    found = selectors.models().get(name)
    if found is None:
        raise NotFoundError(f"There is no model “{name[:60]}” in the catalogue.")
    body = _model(found, selectors.newest(name, today))
    body["versions"] = [_version(one) for one in selectors.versions(name)]
    body["notes"] = selectors.notes(name, today)
    return Response(body)


@extend_schema(
    operation_id="catalogue_places",
    responses={200: OpenApiTypes.OBJECT},
)
@api_view(["GET"])
def places(request: Request) -> Response:
    """List the deployment types with their units, the regions, and the residency rules."""
    return Response(
        {
            "deployment_types": [
                {
                    "sku": one.sku,
                    "label": one.label,
                    "scope": one.scope,
                    "billing": one.billing,
                    "unit": one.unit,
                }
                for one in selectors.deployment_types().values()
            ],
            "regions": [
                {
                    "name": one.name,
                    "label": one.display_name,
                    "geography": one.geography,
                    "data_zone": one.data_zone,
                }
                for one in selectors.regions().values()
            ],
            "data_classes": [value for value, _ in selectors.data_classes()],
            "residency": [
                {
                    "data_class": rule.data_class,
                    "scope": rule.scope,
                    "geography": rule.geography,
                    "allowed": rule.allowed,
                    "why": rule.why,
                }
                for row in selectors.residency_table()
                for rule in row.rules
                if rule
            ],
        }
    )


@extend_schema(
    operation_id="prices_read",
    parameters=[
        OpenApiParameter(name, str, required=name not in ("version", "on")) for name in OFFER
    ],
    responses={200: PRICE, 404: PROBLEM, 422: PROBLEM},
)
@api_view(["GET"])
def price(request: Request) -> Response:
    """Read the list price of an offer on a UTC day, today if none is named."""
    asked = known_parameters(request, OFFER)
    missing = [name for name in ("model", "sku", "region") if not asked.get(name)]
    if missing:
        errors = dict.fromkeys(missing, "Name it, for example model=gpt-5.1.")
        raise InvalidError(f"Name {', '.join(missing)}.", errors)
    on = _day(asked.pop("on", ""))
    found = selectors.price_in_force(on=on, **asked)
    if found is None:
        source, as_of = selectors.price_source()
        raise NotFoundError(
            f"No list price is known for {asked['model']} {asked['sku']} in {asked['region']} "
            f"on {on} ({source}, {as_of})."
        )
    return Response(_price(found))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else timezone.now().date()
    except ValueError:
        sentence = f"“{text[:40]}” is no day. Write it like 2026-11-25."
        raise InvalidError(sentence, {"on": sentence}) from None


def _model(found: selectors.ModelFacts, version: VersionFacts | None) -> dict[str, Any]:
    return {
        "name": found.name,
        "publisher": found.provider,
        "task": found.task,
        "context_tokens": found.context_tokens,
        "max_output_tokens": found.max_output_tokens,
        "version": version.version if version else "",
        "retires_on": version.retires_on if version else None,
    }


def _version(one: VersionFacts) -> dict[str, Any]:
    return {
        "version": one.version,
        "lifecycle": one.lifecycle,
        "retires_on": one.retires_on,
        "replacement": one.replacement,
        "offers": _offers(selectors.availability(one.model, one.version)),
    }


def _offers(found: Iterable[tuple[str, str]]) -> list[Mapping[str, str]]:
    return [{"deployment_type": sku, "region": region} for sku, region in sorted(found)]


def _price(found: PriceFacts) -> dict[str, Any]:
    return {
        "per_1m_nano": found.per_1m_nano,
        "ptu_hour_nano": found.ptu_hour_nano,
        "effective_on": found.effective_on,
        "ends_on": found.ends_on,
        "source": found.source,
        "as_of": found.as_of,
    }
