"""The calls themselves: the list with its filters, and the same as a file.

The hash of an end user is never shown and never exported.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse

from apps.catalog import selectors as catalog
from apps.dashboards.panels.asked import Asked, Context, bar
from apps.dashboards.panels.nothing import nothing
from apps.kernel import formats
from apps.kernel.money import CURRENCY, decimal
from apps.usage import selectors as usage
from apps.usage.states import Dimension, ErrorKind

if TYPE_CHECKING:
    from apps.usage.models import UsageRecord

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DEFAULT = "24h"
KEPT = ("outcome", "slower_ms")
OUTCOMES = {"ok": "answered", "failed": "failed", "throttled": "throttled"}
SLOWER_MS = (1_000, 2_000, 5_000, 10_000, 30_000)
CHUNK = 2_000
COLUMNS = (
    *("time", "business unit", "team", "workload", "environment", "deployment", "model", "region"),
    *("status", "error", "spillover", "input tokens", "cached tokens", "cache write tokens"),
    *("output tokens", "reasoning tokens", "audio in tokens", "audio out tokens", "images"),
    *("latency ms", "first token ms", f"list cost, {CURRENCY}", "price set", "event id"),
)


@dataclass(frozen=True)
class Outcome:
    """How a call ended, as `{% status %}` draws it."""

    label: str
    tone: str
    icon: str = ""


def outcome(call: "UsageRecord") -> Outcome:
    """Say how a call ended, in words."""
    if call.status < 400:
        return Outcome("Answered", "good")
    tone = "warn" if call.status == 429 else "bad"
    if call.error_kind in ErrorKind.values:
        return Outcome(str(ErrorKind(call.error_kind).label), tone)
    if call.status == 429:
        return Outcome(str(ErrorKind.THROTTLED.label), tone)
    whose = "Azure’s error" if call.status >= 500 else "Caller’s error"
    return Outcome(f"{whose} ({call.status})", tone)


def page(asked: Asked) -> Context:
    """Lay out one page of the list."""
    wanted = usage.Asked.read(asked.query, asked.now)
    cube = usage.cube_of(asked.viewer, asked.period, asked.where)
    found = usage.calls_page(asked.viewer, wanted)
    named = Names()
    named.learn(cube.named)
    named.learn_of(found.rows)
    shown = bar(asked, cube)
    narrowed = bool(wanted.outcome) or wanted.slower_ms is not None
    return {
        **shown,
        "grains": (),  # calls stand by themselves
        "filters": [*shown["filters"], _outcomes(asked, wanted), _slower(asked, wanted)],
        "page": found,
        "rows": [_row(call, named) for call in found.rows],
        "csv_url": asked.address(format="csv"),
        "nothing": None if found.rows else _nothing(asked, cube),
        "all_calls": None if narrowed else cube.answer().total.requests,
    }


def _nothing(asked: Asked, cube: usage.Cube) -> Context:
    """Say why the list is empty: too old, no calls, or none under these filters or outcome."""
    if asked.period.start.date() < asked.now.date() - timedelta(days=settings.USAGE_RAW_DAYS):
        return {
            "title": "Single calls of this period are no longer kept",
            "text": f"Single calls are kept {settings.USAGE_RAW_DAYS} days; "
            "their totals stay for good, on the page of usage.",
            "url": asked.address(reverse("usage"), **dict.fromkeys(KEPT, "")),
            "label": "Show the usage of this period",
        }
    return nothing(asked, cube, "calls") or {
        "title": "No call fits these filters",
        "text": "Take the outcome or the time away, or choose a longer period.",
        "url": asked.address(outcome="", slower_ms=""),
        "label": "Show all calls of this period",
    }


def _outcomes(asked: Asked, wanted: usage.Asked) -> Context:
    return {
        "name": "Outcome",
        "value": OUTCOMES.get(wanted.outcome, ""),
        "clear_url": asked.address(outcome="") if wanted.outcome else "",
        "options": [
            {"url": asked.address(outcome=one), "label": label, "current": one == wanted.outcome}
            for one, label in OUTCOMES.items()
        ],
    }


def _slower(asked: Asked, wanted: usage.Asked) -> Context:
    chosen = wanted.slower_ms
    return {
        "name": "Slower than",
        "value": "" if chosen is None else formats.seconds(chosen),
        "clear_url": "" if chosen is None else asked.address(slower_ms=""),
        "options": [
            {
                "url": asked.address(slower_ms=str(ms)),
                "label": formats.seconds(ms),
                "current": ms == chosen,
            }
            for ms in SLOWER_MS
        ],
    }


class Names:
    """What the ids of calls are called; those not known yet are asked for at once."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.known: dict[Dimension, dict[int, usage.Named]] = {one: {} for one in Dimension}

    def learn(self, found: usage.Names) -> None:
        """Take over names that are known already."""
        for dimension, named in found.items():
            self.known[dimension] |= named

    def learn_of(self, calls: Sequence["UsageRecord"]) -> None:
        """Ask for what these calls refer to and is not known yet."""
        new = [call for call in calls if any(self._missing(call, one) for one in Dimension)]
        if new:
            self.learn(usage.names_of(new))

    def _missing(self, call: "UsageRecord", dimension: Dimension) -> bool:
        return getattr(call, usage.COLUMNS[dimension]) not in self.known[dimension]

    def of(self, call: "UsageRecord", dimension: Dimension) -> str:
        """Say what a call's id is called; one without a name keeps its number."""
        pk = getattr(call, usage.COLUMNS[dimension])
        named = self.known[dimension].get(pk)
        return named.label if named else f"{dimension.label} {pk}"


def _row(call: "UsageRecord", named: Names) -> Context:
    price = catalog.price_set(call.price_set_id) if call.price_set_id else None
    return {
        "call": call,
        "url": url_of(call),
        "day": formats.day(call.ts.date()),
        "time": to_the_ms(call.ts),
        "workload": named.of(call, Dimension.WORKLOAD),
        "deployment": named.of(call, Dimension.DEPLOYMENT),
        "outcome": outcome(call),
        "cost": None if call.list_cost_nano is None else formats.amount(call.list_cost_nano, 6),
        "exact": call.list_cost_nano,
        "priced_by": priced_by(call, price),
    }


def priced_by(call: "UsageRecord", price: catalog.PriceFacts | None) -> str:
    """Name the price set of a call and its day."""
    if call.price_set_id is None:
        return "no price in force"
    since = f" of {formats.day(price.effective_on)}" if price else ""
    return f"set {call.price_set_id}{since}"


def to_the_ms(at: datetime) -> str:
    """Write the time of a call: `13:46:00.123`, UTC."""
    return f"{at.astimezone(UTC):%H:%M:%S.%f}"[:-3]


def url_of(call: "UsageRecord") -> str:
    """Return the address of one call."""
    at_us = (call.ts - EPOCH) // timedelta(microseconds=1)
    return reverse("call", args=[call.workload_id, at_us, call.event_id])


def lines(asked: Asked) -> Iterator[Sequence[Any]]:
    """Return all calls of an address as lines of a file, newest first; costs are exact."""
    wanted = usage.Asked.read(asked.query, asked.now)
    return _lines(usage.calls_iterator(asked.viewer, wanted))


def _lines(calls: Iterator["UsageRecord"]) -> Iterator[Sequence[Any]]:
    named = Names()
    while some := list(islice(calls, CHUNK)):
        named.learn_of(some)
        yield from (_line(call, named) for call in some)


def _line(call: "UsageRecord", named: Names) -> Sequence[Any]:
    cost = call.list_cost_nano
    return (
        call.ts.astimezone(UTC).isoformat(timespec="microseconds"),
        *(named.of(call, one) for one in Dimension),
        *(call.status, "" if call.status < 400 else outcome(call).label, call.is_spillover),
        *(call.input_tokens, call.cached_tokens, call.cache_write_tokens),
        *(call.output_tokens, call.reasoning_tokens, call.audio_in_tokens, call.audio_out_tokens),
        *(call.images, call.latency_ms, call.ttft_ms),
        None if cost is None else f"{decimal(cost):.9f}",
        *(call.price_set_id, call.event_id),
    )
