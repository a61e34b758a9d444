"""The calls themselves: the list with its filters, one call with how its cost is made up, the file.

The hash of an end user is never shown and never exported.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.urls import reverse

from apps.catalog import selectors as catalog
from apps.dashboards.panels.asked import Asked, Context, bar
from apps.dashboards.panels.nothing import nothing
from apps.kernel import formats
from apps.kernel.errors import NotFoundError
from apps.kernel.money import CURRENCY, decimal
from apps.usage import selectors as usage
from apps.usage import services
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
CLASSES = {
    "input": "input",
    "cached_input": "cached input",
    "cache_write": "cache write",
    "audio_input": "audio input",
    "output": "output",
    "audio_output": "audio output",
    "image": "images",
}


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
    named = _Names()
    named.learn(cube.named)
    named.learn_of(found.rows)
    shown = bar(asked, cube)
    narrowed = bool(wanted.outcome) or wanted.slower_ms is not None
    return {
        **shown,
        "filters": [*shown["filters"], _outcomes(asked, wanted), _slower(asked, wanted)],
        "page": found,
        "rows": [_row(call, named) for call in found.rows],
        "csv_url": asked.address(format="csv"),
        "nothing": None if found.rows else _nothing(asked, cube),
        "all_calls": None if narrowed else cube.answer().total.requests,
    }


def _nothing(asked: Asked, cube: usage.Cube) -> Context:
    """Say why the list is empty: no calls, none under these filters, or none of that outcome."""
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


class _Names:
    """What the ids of calls are called; those not known yet are asked for at once."""

    def __init__(self) -> None:
        self.known: dict[Dimension, dict[int, usage.Named]] = {one: {} for one in Dimension}

    def learn(self, found: usage.Names) -> None:
        for dimension, named in found.items():
            self.known[dimension] |= named

    def learn_of(self, calls: Sequence["UsageRecord"]) -> None:
        new = [call for call in calls if any(self._missing(call, one) for one in Dimension)]
        if new:
            self.learn(usage.names_of(new))

    def _missing(self, call: "UsageRecord", dimension: Dimension) -> bool:
        return getattr(call, usage.COLUMNS[dimension]) not in self.known[dimension]

    def of(self, call: "UsageRecord", dimension: Dimension) -> str:
        pk = getattr(call, usage.COLUMNS[dimension])
        named = self.known[dimension].get(pk)
        return named.label if named else f"{dimension.label} {pk}"


def _row(call: "UsageRecord", named: _Names) -> Context:
    price = catalog.price_set(call.price_set_id) if call.price_set_id else None
    return {
        "call": call,
        "url": url_of(call),
        "day": formats.day(call.ts.date()),
        "time": _to_the_ms(call.ts),
        "workload": named.of(call, Dimension.WORKLOAD),
        "deployment": named.of(call, Dimension.DEPLOYMENT),
        "outcome": outcome(call),
        "cost": None if call.list_cost_nano is None else formats.amount(call.list_cost_nano, 6),
        "exact": call.list_cost_nano,
        "priced_by": _priced_by(call, price),
    }


def _priced_by(call: "UsageRecord", price: catalog.PriceFacts | None) -> str:
    if call.price_set_id is None:
        return "no price in force"
    since = f" of {formats.day(price.effective_on)}" if price else ""
    return f"set {call.price_set_id}{since}"


def _to_the_ms(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S.%f}"[:-3]


def url_of(call: "UsageRecord") -> str:
    """Return the address of one call."""
    at_us = (call.ts - EPOCH) // timedelta(microseconds=1)
    return reverse("call", args=[call.workload_id, at_us, call.event_id])


def one(viewer: Any, *, workload: int, at_us: int, event: UUID) -> Context:
    """Lay out one call: what it was, what came of it, how its list cost is made up."""
    try:
        at = EPOCH + timedelta(microseconds=at_us)
    except OverflowError:
        raise NotFoundError from None
    call = usage.call_for(viewer, workload=workload, at=at, event=event)
    named = _Names()
    named.learn_of([call])
    price = catalog.price_set(call.price_set_id) if call.price_set_id else None
    return {
        "call": call,
        "time": f"{formats.day(at.date())} {_to_the_ms(at)} UTC",
        "outcome": outcome(call),
        "workload": named.of(call, Dimension.WORKLOAD),
        "deployment": named.of(call, Dimension.DEPLOYMENT),
        "facts": _facts(call, named),
        "tokens": _tokens(call),
        "cost": _cost(call, price),
    }


def _facts(call: "UsageRecord", named: _Names) -> list[tuple[str, str]]:
    spilled = {True: "yes", False: "no"}
    return [
        ("Team", named.of(call, Dimension.TEAM)),
        ("Business unit", named.of(call, Dimension.BU)),
        ("Environment", named.of(call, Dimension.ENVIRONMENT)),
        ("Model", named.of(call, Dimension.MODEL)),
        ("Region", named.of(call, Dimension.REGION)),
        ("HTTP status", str(call.status)),
        ("Spillover", formats.UNKNOWN if call.is_spillover is None else spilled[call.is_spillover]),
        ("Whole answer", _ms(call.latency_ms)),
        ("First token", _ms(call.ttft_ms)),
        ("Event id", str(call.event_id)),
    ]


def _ms(value: int | None) -> str:
    return formats.UNKNOWN if value is None else formats.quantity(value, "ms")


def _tokens(call: "UsageRecord") -> list[tuple[str, int | None]]:
    """List what was counted; parts are in input and output already."""
    return [
        ("Input", call.input_tokens),
        ("of it cached", call.cached_tokens),
        ("of it written to the cache", call.cache_write_tokens),
        ("of it audio", call.audio_in_tokens),
        ("Output", call.output_tokens),
        ("of it reasoning", call.reasoning_tokens),
        ("of it audio", call.audio_out_tokens),
        ("Images", call.images),
    ]


def _cost(call: "UsageRecord", price: catalog.PriceFacts | None) -> Context:
    """Show quantity × price per class, and whether they still make the amount that was stamped."""
    if call.list_cost_nano is None:
        on = formats.day(call.ts.date())
        return {"note": f"No list price was in force on {on}, so the cost is not known."}
    source = f"list cost by price {_priced_by(call, price)}"
    result = {"result": formats.money_exact(call.list_cost_nano), "result_source": source}
    if price is None:
        return result | {"note": "The catalogue no longer has this price set.", "factors": []}
    if price.ptu_hour_nano is not None:
        return result | {"note": "Provisioned throughput is billed by the hour, not by the call."}
    lines = services.explain(call, price)
    same = sum(line.cost_nano for line in lines) == call.list_cost_nano
    corrected = "The set was corrected since: its prices of today do not make this amount."
    return result | {
        "factors": [_factor(line, first=not n) for n, line in enumerate(lines)],
        "note": "" if same else corrected,
    }


def _factor(line: services.Line, *, first: bool) -> Context:
    price = f"{formats.unit_price(line.per_1m_nano)}{formats.NBSP}{CURRENCY} per 1{formats.NBSP}M"
    return {
        "sign": "" if first else "+",
        "value": formats.amount(line.cost_nano, 9),
        "source": f"{formats.number(line.tokens)} {CLASSES[line.token_class]} × {price}",
    }


def lines(asked: Asked) -> Iterator[Sequence[Any]]:
    """Return all calls of an address as lines of a file, newest first; costs are exact."""
    wanted = usage.Asked.read(asked.query, asked.now)
    return _lines(usage.calls_iterator(asked.viewer, wanted))


def _lines(calls: Iterator["UsageRecord"]) -> Iterator[Sequence[Any]]:
    named = _Names()
    while some := list(islice(calls, CHUNK)):
        named.learn_of(some)
        yield from (_line(call, named) for call in some)


def _line(call: "UsageRecord", named: _Names) -> Sequence[Any]:
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
