"""Small charts without a script: a sparkline, the range bar of a latency; and the period form."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django import template
from django.template.context import Context
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from apps.kernel import formats

register = template.Library()

WIDTH, HEIGHT, EDGE = 72, 28, 2  # of a sparkline


@register.inclusion_tag("components/sparkline.html")
def sparkline(values: Sequence[float | None], *, mute: bool = False) -> dict[str, Any]:
    """Draw how a number went, from its least to its most; None is a gap."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return {"lines": []}
    low, step = min(known), WIDTH / (len(values) - 1)
    span = max(known) - low
    tall = HEIGHT - 2 * EDGE

    def point(place: int, value: float) -> str:
        height = tall * (value - low) / span if span else tall / 2
        return f"{place * step:.1f},{HEIGHT - EDGE - height:.1f}"

    runs = groupby(enumerate(values), key=lambda item: item[1] is None)
    lines = [
        " ".join(point(place, value) for place, value in run if value is not None)
        for gap, run in runs
        if not gap
    ]
    return {"lines": lines, "mute": mute}


@register.inclusion_tag("components/range_bar.html")
def range_bar(
    name: str, p50: float | None, p95: float | None, p99: float | None, top: float
) -> dict[str, Any]:
    """Draw p50 – p95 – p99 of a latency on a scale that ends at `top`, all in ms."""
    if p50 is None or p95 is None or p99 is None or not top:
        return {"known": False}
    start, middle, end = (min(100.0, 100 * ms / top) for ms in (p50, p95, p99))
    told = ", ".join(
        f"{word} {formats.seconds(ms)}" for word, ms in (("p50", p50), ("p95", p95), ("p99", p99))
    )
    return {
        "known": True,
        "label": f"{name}: {told}",
        "start": f"{start:.2f}%",
        "to_p95": f"{middle - start:.2f}%",
        "to_p99": f"{end - start:.2f}%",
    }


@register.simple_tag(takes_context=True)
def kept_query(context: Context, *dropped: str) -> SafeString:
    """Carry the filters of the present page through a GET form, except those it asks for."""
    pairs = [
        (name, value)
        for name, values in context["request"].GET.lists()
        for value in values
        if name not in dropped
    ]
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', pairs)
