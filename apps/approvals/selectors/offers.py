"""Counter-offers as people see them: what changes, and what it costs more or less."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from apps.approvals.models import Offer
from apps.approvals.states import OfferStatus
from apps.kernel import formats
from apps.requests import selectors as requests
from apps.requests.kinds import Estimate
from apps.requests.models import ResourceRequest
from apps.requests.selectors import Review
from apps.teams.models import Person


@dataclass(frozen=True)
class Changed:
    """One field of the request and what is offered instead, in words."""

    path: str
    before: str
    after: str
    sign: str = "~"


@dataclass(frozen=True)
class Offered:
    """A counter-offer with what it changes; `price` compares the expected cost of a month."""

    offer: Offer
    changes: Sequence[Changed]
    price: str


def open_offer(request: ResourceRequest) -> Offer | None:
    """Return the offer that waits for the team's word."""
    rows = Offer.objects.filter(request=request, status=OfferStatus.OPEN)
    return rows.select_related("made_by", "voice", "step").first()


def offers_of(request: ResourceRequest) -> list[Offer]:
    """List what was offered so far, the first first."""
    rows = Offer.objects.filter(request=request)
    return list(rows.select_related("made_by", "voice", "step").order_by("id"))


def agreed_until(request: ResourceRequest) -> date | None:
    """Return the earliest last day that the team accepted; of one step the latest offer counts."""
    rows = Offer.objects.filter(request=request, status=OfferStatus.ACCEPTED).order_by("id")
    days = dict(rows.values_list("step__label", "until_on"))
    return min((day for day in days.values() if day), default=None)


def offered(offer: Offer, request: ResourceRequest, viewer: Person) -> Offered:
    """Lay an offer beside the request."""
    found = review_offer(request, offer.changes, viewer)
    return Offered(offer, changes_of(request, found, offer.until_on), price_of(request, found))


def review_offer(request: ResourceRequest, changes: Mapping[str, Any], viewer: Person) -> Review:
    """Check what a request would be with these changes, as its form would."""
    kind = requests.kind_named(request.kind)
    return requests.review(kind, {**request.payload, **changes}, viewer)


def changes_of(request: ResourceRequest, found: Review, until_on: date | None) -> list[Changed]:
    """List the fields that differ, with their labels and units."""
    fields = found.kind.spec().fields
    rows = [
        Changed(
            str(fields[name].label),
            shown(found, request.payload, name),
            shown(found, found.typed, name),
        )
        for name in found.kind.offers
        if str(request.payload.get(name, "")) != str(found.typed.get(name, ""))
    ]
    if until_on:
        rows.append(Changed("Until", "", formats.day(until_on), "+"))
    return rows


def shown(found: Review, data: Mapping[str, Any], name: str) -> str:
    """Write one field of a payload: a choice by its label, a number with its unit."""
    value, unit = str(data.get(name, "")), found.kind.units(data).get(name, "")
    if value.isascii() and value.isdigit():
        return formats.quantity(int(value), unit) if unit else formats.number(int(value))
    labels = {option.value: option.label for option in found.options.get(name, ())}
    return labels.get(value, value)


def price_of(request: ResourceRequest, found: Review) -> str:
    """Compare the expected cost of a month: `−120.00 USD a month`."""
    now = Estimate.from_json(request.estimate).expected_nano
    then = found.estimate.expected_nano
    if then is None or now is None:
        return "no price known" if then is None else f"{formats.money(then)} a month"
    if now == then:
        return "same expected cost"
    sign = "+" if then > now else "−"
    return f"{sign}{formats.money(abs(then - now))} a month expected"
