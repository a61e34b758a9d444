"""One call: what it was, what came of it, how its list cost is made up."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.urls import reverse

from apps.catalog import selectors as catalog
from apps.dashboards.panels.asked import Context
from apps.dashboards.panels.calls import EPOCH, Names, outcome, priced_by, to_the_ms
from apps.dashboards.panels.classes import CLASSES
from apps.kernel import formats
from apps.kernel.errors import NotFoundError
from apps.kernel.money import CURRENCY
from apps.provisioning import selectors as provisioning
from apps.usage import selectors as usage
from apps.usage import services
from apps.usage.states import Dimension

if TYPE_CHECKING:
    from apps.usage.models import UsageRecord

PRICED = {
    "input": "input",
    "cached_input": "cached input",
    "cache_write": "cache write",
    "audio_input": "audio input",
    "output": "output",
    "audio_output": "audio output",
    "image": "images",
}


def one(viewer: Any, *, workload: int, at_us: int, event: UUID) -> Context:
    """Lay out one call: what it was, what came of it, how its list cost is made up."""
    try:
        at = EPOCH + timedelta(microseconds=at_us)
        call = usage.call_for(viewer, workload=workload, at=at, event=event)
    except OverflowError:
        raise NotFoundError from None
    named = Names()
    named.learn_of([call])
    price = catalog.price_set(call.price_set_id) if call.price_set_id else None
    return {
        "call": call,
        "time": f"{formats.day(at.date())} {to_the_ms(at)} UTC",
        "outcome": outcome(call),
        "workload": named.of(call, Dimension.WORKLOAD),
        "deployment": named.of(call, Dimension.DEPLOYMENT),
        "deployment_url": _deployment_url(viewer, call),
        "facts": _facts(call, named),
        "tokens": [(label, getattr(call, name)) for name, label in CLASSES.items()],
        "cost": _cost(call, price),
    }


def _deployment_url(viewer: Any, call: "UsageRecord") -> str:
    """Lead to the deployment's page, or to its calls for those who only share it."""
    key = call.deployment_id
    if provisioning.resources_visible(viewer).filter(pk=key).exists():
        return reverse("resource", args=[key])
    return f"{reverse('calls')}?deployment={key}"


def _facts(call: "UsageRecord", named: Names) -> list[tuple[str, str]]:
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


def _cost(call: "UsageRecord", price: catalog.PriceFacts | None) -> Context:
    """Show quantity × price per class, and whether they still make the amount that was stamped."""
    if call.list_cost_nano is None:
        on = formats.day(call.ts.date())
        return {"note": f"No list price was in force on {on}, so the cost is not known."}
    source = f"list cost by price {priced_by(call, price)}"
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
        "source": f"{formats.number(line.tokens)} {PRICED[line.token_class]} × {price}",
    }
