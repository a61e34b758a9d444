"""What the API of every chapter shares: the shape of a refusal, and strict parameters."""

from collections.abc import Collection
from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.request import Request

from apps.kernel.errors import InvalidError

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


def page_shape(name: str, rows: Any, **more: Any) -> Any:
    """Describe a page of a list: its rows, and the cursors of the pages before and after."""
    return inline_serializer(
        name,
        {
            "results": rows,
            **more,
            "older": serializers.CharField(help_text="Cursor of the next page, or empty."),
            "newer": serializers.CharField(help_text="Cursor of the page before, or empty."),
        },
    )


def known_parameters(request: Request, known: Collection[str]) -> dict[str, str]:
    """Return the query's parameters, or refuse one that is misspelt: it would filter nothing."""
    given = {name: str(value).strip() for name, value in request.query_params.items()}
    errors = {
        name[:60]: f"There is no such parameter. There are: {', '.join(known)}."
        for name in given
        if name not in known
    }
    if errors:
        raise InvalidError(next(iter(errors.values())), errors)
    return given
