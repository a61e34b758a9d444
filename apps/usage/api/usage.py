"""Usage over the API, as JSON or CSV: sums by a dimension, in steps of time, percentiles."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, renderer_classes
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.kernel.api import PROBLEM
from apps.kernel.exports import csv_response
from apps.kernel.money import CURRENCY
from apps.usage import selectors
from apps.usage.api.shapes import ANSWER, METRICS, PARAMETERS, read_question
from apps.usage.selectors import plain
from apps.usage.selectors.plain import Plain
from apps.usage.states import Metric

Waits = Mapping[Metric, selectors.Percentiles]
Key = tuple[Any, ...]


class Csv(JSONRenderer):
    """Let a caller accept CSV, which the view streams by itself; a refusal stays JSON."""

    media_type = "text/csv"
    format = "csv"


@extend_schema(
    operation_id="usage_read",
    parameters=PARAMETERS,
    responses={
        (200, "application/json"): ANSWER,
        (200, "text/csv"): OpenApiTypes.STR,
        422: PROBLEM,
    },
)
@api_view(["GET"])
@renderer_classes([JSONRenderer, Csv])
def usage(request: Request) -> HttpResponseBase:
    """Sum what one may see, by a dimension and in steps of time; rows sum to the total."""
    viewer: Any = request.user
    query = request.query_params
    answer = selectors.ask(viewer, read_question(query))
    body = _body(answer, series="series" in query)
    if "percentiles" in query:
        _add_percentiles(body, answer)
    if isinstance(request.accepted_renderer, Csv):
        return _file(body["series"] if "series" in body else body["rows"] or [body["total"]])
    return Response(body)


def _body(answer: selectors.Answer, *, series: bool) -> Plain:
    period = answer.question.period
    return {
        "as_of": plain.moment(answer.as_of),
        "currency": CURRENCY,
        "period": {
            "start": plain.moment(period.start),
            "end": plain.moment(period.end),
            "grain": period.grain.value,
        },
        "rows": plain.rows(answer),
        "total": plain.of_sums(answer.total),
        "before": plain.of_sums(answer.before),
        **({"series": list(plain.steps(answer))} if series else {}),
    }


def _add_percentiles(body: Plain, answer: selectors.Answer) -> None:
    """Add them to the total, and to each row and step."""
    body["as_of"] = plain.moment(min(answer.complete))
    waits = selectors.waits(answer)
    body["total"]["percentiles"] = _named({metric: one.now for metric, one in waits.items()})
    for row, of_row in zip(body["rows"], selectors.waits_of_groups(answer), strict=True):
        row["percentiles"] = _named(of_row)
    if "series" not in body:
        return
    steps = _of_group_steps(answer) if answer.question.by else _of_steps(answer, waits)
    found: dict[Key, dict[Metric, selectors.Percentiles]] = {}
    for metric, row, one in steps:
        found.setdefault(_key(row, answer), {})[metric] = one
    for row in body["series"]:
        row["percentiles"] = _named(found[_key(row, answer)])


def _of_steps(
    answer: selectors.Answer, waits: Mapping[Metric, selectors.Waits]
) -> Iterator[tuple[Metric, Plain, selectors.Percentiles]]:
    grain = answer.question.period.grain
    for metric, found in waits.items():
        for at, one in found.steps:
            yield metric, {grain.value: plain.step(at, grain)}, one


def _of_group_steps(
    answer: selectors.Answer,
) -> Iterator[tuple[Metric, Plain, selectors.Percentiles]]:
    grain = answer.question.period.grain
    for metric, grid in selectors.percentiles_by_group_over_time(answer).items():
        for group, line in grid.lines:
            named = plain.of_group(answer, group)
            for at, one in zip(grid.steps, line, strict=True):
                yield metric, {**named, grain.value: plain.step(at, grain)}, one


def _key(row: Plain, answer: selectors.Answer) -> Key:
    """Tell the rows of a series apart: by name, by id where only that is unique, and by step."""
    by = answer.question.by
    name = by.value if by else ""
    return row.get(name), row.get(f"{name}_id"), row[answer.question.period.grain.value]


def _named(found: Waits) -> Plain:
    return {METRICS[metric]: one._asdict() for metric, one in found.items()}


def _file(rows: list[Plain]) -> HttpResponseBase:
    flat = [_flat(row) for row in rows]
    header = list(dict.fromkeys(name for row in flat for name in row))
    return csv_response("usage.csv", header=header, rows=[[r.get(n) for n in header] for r in flat])


def _flat(row: Plain) -> Plain:
    percentiles = row.pop("percentiles", {})
    return row | {
        f"{metric}_{name}": value
        for metric, found in percentiles.items()
        for name, value in found.items()
    }
