"""Price events by the list price in force at their time: exact, half-even, once per class."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta

import numpy as np

from apps.catalog import selectors as catalog
from apps.catalog.selectors import PriceFacts
from apps.usage.models import UsageRecord
from apps.usage.protocols import COUNTS, UNKNOWN, Column, Events
from apps.usage.services.attribution import Placed

MILLION = 1_000_000
EPOCH = date(1970, 1, 1)
DAY_US = 86_400 * MILLION
# Classes without a price of their own that cost what another class costs.
FALLBACK = {"cached_input": "input", "cache_write": "input"}
CLASSES = (
    *("input", "cached_input", "cache_write", "audio_input"),
    *("output", "audio_output", "image"),
)


def price(placed: Placed) -> tuple[Column, Column]:
    """Return (price_set_id, list_cost_nano) per event; −1 where a class has no price in force.

    A call that spilled over from a provisioned deployment is billed per token by a deployment that
    its row does not name: its price is not known.

    Prices are those of the event's UTC day. Tokens of provisioned deployments cost nothing by
    themselves: their hours are billed.
    """
    sets, per_million, by_hour, row = _prices(placed)
    cost = np.zeros(len(placed.events), np.int64)
    unknown = (sets[row] == UNKNOWN) | (by_hour[row] & (placed.events.spillover == 1))
    for position, tokens in enumerate(_classes(placed.events)):
        if not tokens.any():  # most calls have neither audio nor images
            continue
        unit = per_million[row, position]
        unknown |= (unit == UNKNOWN) & (tokens > 0)
        cost += half_even(tokens, np.maximum(unit, 0))
    return np.where(unknown, UNKNOWN, sets[row]), np.where(unknown, UNKNOWN, cost)


@dataclass(frozen=True)
class Line:
    """A class of tokens of one call: how many, at what price per 1 M, what that costs."""

    token_class: str
    tokens: int
    per_1m_nano: int
    cost_nano: int


def explain(call: UsageRecord, found: PriceFacts) -> list[Line]:
    """Part a call's list cost into its classes, by the very arithmetic that stamped it."""
    counts = {one.name: _count(call, one.name) for one in fields(Events)}
    lines = []
    for name, tokens in zip(CLASSES, _classes(Events(**counts)), strict=True):
        unit = _unit(found, name)
        if tokens[0] > 0 and unit != UNKNOWN:
            cost = half_even(tokens, np.array([unit], np.int64))
            lines.append(Line(name, int(tokens[0]), unit, int(cost[0])))
    return lines


def _count(call: UsageRecord, name: str) -> Column:
    value = getattr(call, name) if name in COUNTS else None
    return np.array([UNKNOWN if value is None else value], np.int64)


def _prices(placed: Placed) -> tuple[Column, Column, Column, Column]:
    """Look each (offer, day) up once: price set, nano per 1 M by class, if hours are billed.

    The last column has the line of each event.
    """
    days = placed.events.ts_us // DAY_US
    offer = placed.of_offer(np.arange(len(placed.grants.offers)))
    asked, row = np.unique(offer * MILLION + days, return_inverse=True)
    sets = np.full(len(asked), UNKNOWN, np.int64)
    per_million = np.full((len(asked), len(CLASSES)), UNKNOWN, np.int64)
    by_hour = np.zeros(len(asked), bool)
    with catalog.one_revision():
        for line, one in enumerate(asked):
            on = EPOCH + timedelta(days=int(one) % MILLION)
            found = catalog.price_in_force(
                **placed.grants.offers[int(one) // MILLION]._asdict(), on=on
            )
            if found:
                sets[line], by_hour[line] = found.price_set_id, found.ptu_hour_nano is not None
                per_million[line] = [_unit(found, name) for name in CLASSES]
    return sets, per_million, by_hour, row


def _unit(found: PriceFacts, name: str) -> int:
    if found.ptu_hour_nano is not None:
        return 0
    prices: Mapping[str, int] = found.per_1m_nano
    return prices.get(name, prices.get(FALLBACK.get(name, ""), UNKNOWN))


def _classes(events: Events) -> list[Column]:
    """Part the tokens into priced classes; input and output contain their parts."""
    cached, written, heard, spoken, images = (
        np.maximum(one, 0)
        for one in (
            events.cached_tokens,
            events.cache_write_tokens,
            events.audio_in_tokens,
            events.audio_out_tokens,
            events.images,
        )
    )
    plain = events.input_tokens - cached - written - heard
    return [plain, cached, written, heard, events.output_tokens - spoken, spoken, images]


def half_even(tokens: Column, per_million: Column) -> Column:
    """Return tokens × price ÷ 1,000,000 in nano, half to even, without leaving 64 bits.

    Whole nano per token are multiplied apart from the rest, so that no product passes 2⁶³ for any
    count below 2³¹ and any price below 10¹⁵ nano.
    """
    whole, rest = np.divmod(per_million, MILLION)
    quotient, left = np.divmod(tokens * rest, MILLION)
    result = tokens * whole + quotient
    up = (2 * left > MILLION) | ((2 * left == MILLION) & (result % 2 == 1))
    return np.asarray(result + up, np.int64)
