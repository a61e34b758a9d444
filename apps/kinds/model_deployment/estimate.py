"""What a deployment would cost a month at list price, what its capacity carries, what else is free.

A month is 730 hours, Azure's own convention: 30.42 days.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from apps.catalog import selectors as catalog
from apps.catalog.selectors import PriceFacts, TypeFacts
from apps.kernel import formats
from apps.kernel.money import divide_half_even
from apps.kinds.model_deployment.wanted import Wanted
from apps.requests.kinds import Alternative, Estimate, Line, Payload

Facts = tuple[tuple[str, str], ...]
HOURS = 730
MINUTES = HOURS * 60
CLASSES = {"input": "input_tokens", "output": "output_tokens"}
USE = ("requests_per_day", "input_tokens", "output_tokens")
MOST_ALTERNATIVES = 4


@catalog.one_revision()
def estimate(payload: Payload) -> Estimate:
    """Price the expected use; all amounts None, with the reason, where no price is known."""
    wanted = Wanted.of(payload)
    if wanted.kind is None:
        return _priced(wanted, payload.data, ())
    return _priced(wanted, payload.data, _facts(wanted, wanted.kind, payload.data))


def _priced(wanted: Wanted, data: Mapping[str, Any], facts: Facts) -> Estimate:
    kind = wanted.kind
    if kind is None or not (wanted.model and wanted.region):
        note = "Choose a model, a type and a region to see what it costs."
        return Estimate(facts=facts, note=note, complete=False)
    price = _price(wanted, data)
    if price is None:
        source, as_of = catalog.price_source()
        return Estimate(
            facts=facts,
            note=f"No price known for {wanted.model} {kind.label} in {wanted.region} "
            f"({source}, {_day(as_of)}). It can be asked for all the same; finance then decides.",
        )
    source = f"List price since {_day(price.effective_on)} ({price.source}, {_day(price.as_of)})"
    if kind.billing == "ptu":
        return _by_hour(wanted, price, facts, source)
    if any(not isinstance(data.get(name), int) for name in USE):
        note = "Fill in the expected use to see a price."
        return Estimate(facts=facts, source=source, note=note, complete=False)
    return _by_token(wanted, kind, data, price, facts, source)


def _price(wanted: Wanted, data: Mapping[str, Any]) -> PriceFacts | None:
    """Return the price in force if it covers every token class that is used."""
    price = catalog.price_in_force(
        model=wanted.model,
        version=wanted.version,
        sku=wanted.sku,
        region=wanted.region,
        on=wanted.on,
    )
    if price is None or price.ptu_hour_nano is not None:
        return price
    used = [name for name, field in CLASSES.items() if data.get(field) != 0]
    return price if all(name in price.per_1m_nano for name in used) else None


def _by_hour(wanted: Wanted, price: PriceFacts, facts: Facts, source: str) -> Estimate:
    amount, hourly = wanted.capacity, price.ptu_hour_nano
    if amount is None or hourly is None:
        note = "Write a capacity to see a price."
        return Estimate(facts=facts, source=source, note=note, complete=False)
    cost = amount * hourly * HOURS
    line = Line(
        f"{formats.number(amount)} PTU × {HOURS} hours",
        formats.number(amount * HOURS),
        formats.unit_price(hourly),
        cost,
    )
    note = "PTU are paid by the hour, used or not: low, expected and limit are the same."
    return Estimate(cost, cost, cost, (line,), facts, note, source)


def _by_token(
    wanted: Wanted,
    kind: TypeFacts,
    data: Mapping[str, Any],
    price: PriceFacts,
    facts: Facts,
    source: str,
) -> Estimate:
    """Price tokens: low reads all input from the cache, limit uses the capacity all month."""
    lines = []
    for name, field in CLASSES.items():
        tokens = divide_half_even(data["requests_per_day"] * data[field] * HOURS, 24)
        if nano := price.per_1m_nano.get(name):
            cost = divide_half_even(tokens * nano, 1_000_000)
            label = (
                f"{name.capitalize()} {formats.short_count(tokens)} × {formats.unit_price(nano)}"
            )
            lines.append(Line(label, formats.number(tokens), formats.unit_price(nano), cost))
    expected = sum(line.amount_nano for line in lines)
    cached = price.per_1m_nano.get("cached_input")
    low = expected
    if cached is not None:
        tokens = divide_half_even(data["requests_per_day"] * data["input_tokens"] * HOURS, 24)
        low += divide_half_even(tokens * cached, 1_000_000) - lines[0].amount_nano
    limit = _limit(wanted, kind, data, price)
    note = " ".join(
        (
            "A month is 730 hours.",
            "Low: all input read from the cache."
            if cached is not None
            else "Low equals expected: no price for cached input is known.",
            "Expected: no input cached.",
            "Limit: the queue filled once a day."
            if kind.billing == "batch"
            else "Limit: the capacity used up every minute, at the expected mix.",
        )
    )
    return Estimate(low, expected, limit, tuple(lines), facts, note, source)


def _limit(
    wanted: Wanted, kind: TypeFacts, data: Mapping[str, Any], price: PriceFacts
) -> int | None:
    """Price all tokens that the capacity lets through; a batch queue counts input tokens only."""
    if wanted.capacity is None:
        return None
    taken, given = data["input_tokens"], data["output_tokens"]
    per_request = taken * price.per_1m_nano["input"] + given * price.per_1m_nano.get("output", 0)
    if kind.billing == "batch":
        tokens, size = divide_half_even(wanted.capacity * 1000 * HOURS, 24), taken
    else:
        tokens, size = wanted.capacity * 1000 * MINUTES, taken + given
    return divide_half_even(tokens * per_request, size * 1_000_000)


def _facts(wanted: Wanted, kind: TypeFacts, data: Mapping[str, Any]) -> Facts:
    found = [*_carried(wanted, kind, data)]
    if wanted.tier:
        free = wanted.free(wanted.region)
        found.append(("Free quota", "none" if free is None else formats.quantity(free, kind.unit)))
        machines = wanted.machines.get(wanted.region)
        if machines is not None:
            found.append(("Azure’s machines can take", formats.quantity(machines, kind.unit)))
    return tuple(found)


def _carried(wanted: Wanted, kind: TypeFacts, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say how many requests a minute the capacity carries, and what the expected use averages."""
    taken, given = data.get("input_tokens"), data.get("output_tokens")
    if kind.billing == "batch" or not isinstance(taken, int) or not isinstance(given, int):
        return []
    found = []
    amount = wanted.capacity
    if amount is not None:
        by_tokens = _by_tokens(wanted, kind, amount, taken, given)
        by_requests = (
            catalog.requests_per_minute(model=wanted.model, sku=wanted.sku, k_tpm=amount)
            if kind.billing == "tokens"
            else None
        )
        carried = [one for one in (by_tokens, by_requests) if one is not None]
        if carried:
            label = f"{formats.quantity(amount, kind.unit)} carry"
            found.append((label, f"{formats.number(min(carried))} requests / min"))
        if by_requests is not None:
            found.append(("Azure’s request limit", f"{formats.number(by_requests)} / min"))
    if isinstance(per_day := data.get("requests_per_day"), int) and kind.billing == "tokens":
        average = per_day * (taken + given) / 1440 / 1000
        found.append(("Expected use on average", formats.quantity(round(average, 1), "K TPM")))
    return found


def _by_tokens(wanted: Wanted, kind: TypeFacts, amount: int, taken: int, given: int) -> int | None:
    if kind.billing == "tokens":
        return amount * 1000 // (taken + given)
    ptu = wanted.ptu
    if ptu is None or ptu.output_ratio is None:
        return None
    return amount * ptu.input_tpm_per_ptu // (taken + given * ptu.output_ratio)


@catalog.one_revision()
def alternatives(payload: Payload) -> list[Alternative]:
    """Offer what would pass now, when the wanted place has no room for the wanted amount.

    First the same type in other regions, near ones first; then other types in the same region;
    last less in the same place. Each says what it would cost more or less.
    """
    wanted = Wanted.of(payload)
    kind, amount = wanted.kind, wanted.capacity
    if kind is None or amount is None or not (wanted.tier and wanted.region and wanted.offered):
        return []
    allowed = (wanted.sku, wanted.region) in wanted.offered and wanted.residency(
        wanted.sku, wanted.region
    ).allowed
    if allowed and wanted.room(wanted.region) >= amount:
        return []
    now = _priced(wanted, payload.data, ()).expected_nano
    found = [
        _alternative(wanted, payload, now, wanted.room(region), kind, region=region)
        for region in wanted.roomy(wanted.region)
        if wanted.room(region) >= amount
    ][: MOST_ALTERNATIVES - 1]
    for other in wanted.types_in(wanted.region):
        instead = wanted.instead(other.sku)
        room = instead.room(wanted.region)
        if other.sku != kind.sku and other.billing == kind.billing and room >= amount:
            found.append(_alternative(wanted, payload, now, room, other, sku=other.sku))
    least = wanted.ptu_steps[0] if wanted.ptu_steps else 1
    if allowed and (room := _stepped(wanted, wanted.room(wanted.region))) >= least:
        found.append(_alternative(wanted, payload, now, room, kind, capacity=str(room)))
    return found[:MOST_ALTERNATIVES]


def _stepped(wanted: Wanted, room: int) -> int:
    """Round an amount down to a step that the type takes."""
    if wanted.ptu_steps is None:
        return room
    least, step = wanted.ptu_steps
    return room - (room - least) % step if room >= least else 0


def _alternative(
    wanted: Wanted,
    payload: Payload,
    now: int | None,
    room: int,
    kind: TypeFacts,
    **values: str,
) -> Alternative:
    data = {**payload.data, **values, "capacity": int(values.get("capacity", wanted.capacity or 0))}
    other = replace(wanted, sku=data["sku"], region=data["region"], capacity=data["capacity"])
    amount = formats.quantity(data["capacity"], kind.unit)
    return Alternative(
        title=f"{other.region}, {amount}" if "capacity" in values else other.region,
        free=f"{formats.quantity(room, kind.unit)} free",
        text=kind.label,
        note=formats.cost_change(now, _priced(other, data, ()).expected_nano),
        values=values,
    )


def _day(day: date) -> str:
    return f"{day.day} {formats.MONTHS[day.month - 1]} {day.year}"
