"""What may be asked of usage over the API, and what comes out of it."""

from typing import Any

from django.http import QueryDict
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers

from apps.kernel.errors import InvalidError
from apps.usage import selectors
from apps.usage.protocols import OPTIONAL_COUNTS
from apps.usage.selectors.questions import TOP
from apps.usage.states import Dimension, Grain, Metric

ORDERS = {
    "tokens": "tokens",
    "requests": "requests",
    "errors": "errors",
    "throttled": "throttled",
    "list_cost": "list_cost_nano",
}
MOST_GROUPS = 500
TOPS = {"all": None, **{str(count): count for count in range(1, MOST_GROUPS + 1)}}
FLAGS = ("series", "percentiles")
OTHERS = ("period", "month", "from", "to", "grain", "by", "top", "order", "format", *FLAGS)
BELONGS = {"from": "custom", "to": "custom", "month": "month"}
METRICS = {Metric.ANSWER: "answer_ms", Metric.FIRST_TOKEN: "first_token_ms"}


def _shape(name: str, fields: dict[str, Any], **options: Any) -> serializers.Serializer[Any]:
    shape: serializers.Serializer[Any] = inline_serializer(name, fields, **options)
    return shape


PERCENTILES = {
    "n": serializers.IntegerField(help_text="Answers of which a source told the time."),
    **{name: serializers.FloatField(allow_null=True) for name in ("p50", "p95", "p99")},
}
SUMS: dict[str, Any] = {
    **{
        name: serializers.IntegerField()
        for name in (
            *("requests", "errors", "throttled", "unpriced"),
            *("input_tokens", "output_tokens"),
        )
    },
    **{
        name: serializers.IntegerField(allow_null=True, help_text="null where no source told it.")
        for name in OPTIONAL_COUNTS
    },
    "list_cost": serializers.CharField(
        allow_null=True, help_text="Decimal with nine places; null where nothing is priced."
    ),
    "percentiles": _shape(
        "UsagePercentiles",
        dict.fromkeys(METRICS.values(), _shape("UsageMilliseconds", PERCENTILES)),  # ±1 %
        required=False,
    ),
}
ROW = {
    **{one.value: serializers.CharField(required=False, allow_null=True) for one in Dimension},
    "workload_id": serializers.IntegerField(required=False),
    "deployment_id": serializers.IntegerField(required=False),
    "others": serializers.IntegerField(
        required=False, help_text="How many groups the row without a name adds up."
    ),
    **SUMS,
}
ANSWER = _shape(
    "UsageAnswer",
    {
        "as_of": serializers.DateTimeField(help_text="Until when the numbers are complete."),
        "currency": serializers.CharField(),
        "period": _shape(
            "UsagePeriod",
            {
                "start": serializers.DateTimeField(),
                "end": serializers.DateTimeField(help_text="Exclusive."),
                "grain": serializers.ChoiceField([Grain.HOUR, Grain.DAY, Grain.MONTH]),
            },
        ),
        "rows": _shape("UsageRow", ROW, many=True),
        "total": _shape("UsageTotal", SUMS),
        "before": _shape("UsageBefore", SUMS),
        "series": _shape(
            "UsageStep",
            {
                "hour": serializers.CharField(required=False),
                "day": serializers.CharField(required=False),
                "month": serializers.CharField(required=False),
                **ROW,
            },
            many=True,
            required=False,
        ),
    },
)


PARAMETERS = [
    OpenApiParameter("period", str, enum=[*selectors.PERIODS, "custom"]),
    OpenApiParameter("month", str, description="With period=month: 2026-11."),
    OpenApiParameter("from", OpenApiTypes.DATE, description="First UTC day."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="Last UTC day, inclusive."),
    OpenApiParameter("grain", str, enum=[Grain.HOUR, Grain.DAY, Grain.MONTH]),
    OpenApiParameter("by", str, enum=Dimension.values),
    *(
        OpenApiParameter(one.value, str, many=True, description=f"Only this {one.value}.")
        for one in Dimension
    ),
    OpenApiParameter("top", str, description=f"How many groups, or all; {TOP} if not said."),
    OpenApiParameter("order", str, enum=[*ORDERS]),
    OpenApiParameter("series", str, enum=["1"], description="Add the steps of time."),
    OpenApiParameter("percentiles", str, enum=["1"], description="Add latency, ±1 %."),
    OpenApiParameter("format", str, enum=["json", "csv"]),
]


def read_question(query: QueryDict) -> selectors.Question:
    """Read an address; raises InvalidError with a sentence for what cannot be read."""
    _check(query)
    by, order, top = query.get("by"), query.get("order", "tokens"), query.get("top", str(TOP))
    if by and by not in Dimension.values:
        raise _unreadable("by", f"“{by[:40]}”", ", ".join(Dimension.values))
    if order not in ORDERS:
        raise _unreadable("order", f"“{order[:40]}”", ", ".join(ORDERS))
    if top not in TOPS:
        raise _unreadable("top", f"“{top[:40]}”", f"1 to {MOST_GROUPS} or all")
    return selectors.Question(
        period=selectors.read_period(query, timezone.now()),
        by=Dimension(by) if by else None,
        where=selectors.read_filters(query),
        top=TOPS[top],
        order=ORDERS[order],
    )


def _check(query: QueryDict) -> None:
    """Refuse what is not known: a filter that is not heard would give somebody else's numbers."""
    known = (*OTHERS, *Dimension.values)
    for name in query:
        if name not in known:
            raise _unreadable(name[:40], "no parameter of usage", ", ".join(known))
        if name in Dimension.values and "" in query.getlist(name):
            raise _unreadable(name, "nothing", f"the name of a {Dimension(name).label.lower()}")
    for name in FLAGS:
        if query.get(name, "1") != "1":
            raise _unreadable(name, f"“{query[name][:40]}”", "1")
    _check_period(query)


def _check_period(query: QueryDict) -> None:
    for name, period in BELONGS.items():
        if name in query and query.get("period", BELONGS["from"]) != period:
            raise InvalidError(
                f"{name} belongs to period={period} and would not be heard. Leave one out.",
                {name: f"With period={period} only."},
            )
    if "to" in query and "from" not in query:
        raise InvalidError("to needs a from: the first UTC day.", {"from": "A day."})


def _unreadable(name: str, said: str, passes: str) -> InvalidError:
    return InvalidError(f"{name}: {said} cannot be read; {passes} would pass.", {name: passes})
