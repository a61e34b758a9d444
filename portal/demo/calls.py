"""Draw what happens in a call: tokens, what the cache had of them, how long it takes, its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.usage.protocols import NOBODY, OPTIONAL_COUNTS, UNKNOWN, Column, Events
from apps.usage.states import ErrorKind

if TYPE_CHECKING:
    from numpy.random import Generator

    from portal.demo.traffic import Line

HOUR_US, DAY_US, MINUTE_US = 3_600_000_000, 86_400_000_000, 60_000_000
MOST_INPUT, MOST_OUTPUT = 250_000, 16_000
CACHE_FROM, CACHE_STEP = 1024, 128  # Azure caches prompts from 1,024 tokens on, in steps of 128
LEARNS_FROM, LEARNS_FOR = 160, 70  # days of a deployment's age over which its hits grow
REFUSED = 0.35  # of the calls beyond a limit: Azure judges before it knows the tokens
TIMEOUT_MS = 60_000
FAILURES = (  # status, kind, share of all calls
    (400, ErrorKind.CONTENT_FILTER, 0.0011),
    (408, ErrorKind.TIMEOUT, 0.0006),
    (400, ErrorKind.CLIENT, 0.0009),
    (500, ErrorKind.SERVER, 0.0008),
    (499, ErrorKind.ABORTED, 0.0012),
)
Of = Callable[[Callable[["Line"], Any]], Column]


def make(rng: Generator, lines: Sequence[Line], line: Column, ts_us: Column) -> Events:
    """Draw the calls of `lines` (by position) at given times, in order."""
    size = len(line)

    def of(what: Callable[[Line], Any]) -> Column:
        return np.asarray([what(one) for one in lines])[line]

    given, written = _tokens(rng, of)
    age_days = (ts_us - of(lambda one: one.built_us)) / DAY_US
    cached = _cached(rng, of, given, age_days)
    first, whole = _times(rng, of, ts_us, given - cached, written)
    status, kind = _ends(rng, lines, line, ts_us, given + written)
    failed = status >= 400
    given[failed] = written[failed] = 0
    whole[failed] = np.minimum(first[failed], 250)
    whole[kind == ErrorKind.TIMEOUT] = TIMEOUT_MS
    measured = of(lambda one: one.measured)
    told = measured & of(lambda one: one.speed.token_ms > 0) & ~failed
    spills = of(lambda one: one.spills)
    thinks = of(lambda one: one.speed.reasoning) * rng.uniform(0.6, 1.3, size)
    return Events(
        line=np.arange(1, size + 1),
        event_id=np.frombuffer(rng.bytes(16 * size), "V16"),
        ts_us=ts_us,
        workload_id=of(lambda one: one.workload_id),
        deployment_id=of(lambda one: one.deployment_id),
        status=status,
        error_kind=kind,
        spillover=_where(spills, spills & (rng.random(size) < 0.03)),
        end_user=np.full(size, np.void(NOBODY)),
        input_tokens=given,
        output_tokens=written,
        latency_ms=_where(measured, whole),
        ttft_ms=_where(told & of(lambda one: one.shape.streams), first),
        **{
            **{name: np.full(size, UNKNOWN) for name in OPTIONAL_COUNTS},
            "cached_tokens": _where(told, cached),
            "reasoning_tokens": _where(told, written * thinks),
        },
    )


def _where(known: Column, values: Column) -> Column:
    return np.where(known, values, UNKNOWN).astype(np.int64)


def _tokens(rng: Generator, of: Of) -> tuple[Column, Column]:
    """Draw what is given and what is written; embeddings write nothing."""
    spread = of(lambda one: one.shape.spread)
    given = rng.lognormal(np.log(of(lambda one: one.shape.input_tokens)), spread)
    written = rng.lognormal(np.log(of(lambda one: one.shape.output_tokens)), spread)
    written *= of(lambda one: one.speed.token_ms > 0)
    return (
        np.clip(given, 8, MOST_INPUT).astype(np.int64),
        np.minimum(np.ceil(written), MOST_OUTPUT).astype(np.int64),
    )


def _cached(rng: Generator, of: Of, given: Column, age_days: Column) -> Column:
    """Draw how much of the input was in the cache already."""
    learned = np.clip((age_days - LEARNS_FROM) / LEARNS_FOR, 0.12, 1)
    hits = of(lambda one: one.shape.hits) * np.where(of(lambda one: one.shape.learns), learned, 1)
    hit = (given >= CACHE_FROM) & (rng.random(len(given)) < hits)
    shared = given * rng.uniform(0.5, 0.95, len(given)) * hit
    return shared.astype(np.int64) // CACHE_STEP * CACHE_STEP


def _times(
    rng: Generator, of: Of, ts_us: Column, fresh: Column, written: Column
) -> tuple[Column, Column]:
    """Draw milliseconds to the first token and to the last; busy hours and some calls are slow."""
    curves = of(lambda one: one.shape.curve)
    busy = curves[np.arange(len(ts_us)), ts_us // HOUR_US % 24] / 9
    slow = (1 + 0.5 * busy**2) * rng.lognormal(0, 0.2, len(ts_us))
    slow *= np.where(rng.random(len(ts_us)) < 0.015, rng.uniform(2, 4, len(ts_us)), 1)
    first = (of(lambda one: one.speed.first_ms) + 0.03 * fresh) * slow
    return first, first + written * of(lambda one: one.speed.token_ms) * slow


def _ends(
    rng: Generator, lines: Sequence[Line], line: Column, ts_us: Column, tokens: Column
) -> tuple[Column, Column]:
    """Draw HTTP status and kind of error; beyond its rate a deployment refuses some calls."""
    limits = {one.deployment_id: one.k_tpm or 0 for one in lines}
    status, kind = np.full(len(line), 200), np.full(len(line), UNKNOWN)
    chance = rng.random(len(line))
    for code, why, share in FAILURES:
        hit = (chance >= 0) & (chance < share)
        status[hit], kind[hit] = code, why
        chance -= share
    deployment = np.array([one.deployment_id for one in lines])[line]
    limit = np.array([limits[one.deployment_id] for one in lines])[line] * 1000
    beyond = (limit > 0) & (_so_far(deployment, ts_us // MINUTE_US, tokens) > limit)
    refused = beyond & (rng.random(len(line)) < REFUSED)
    status[refused], kind[refused] = 429, ErrorKind.THROTTLED
    return status, kind


def _so_far(deployment: Column, minute: Column, tokens: Column) -> Column:
    """Add up the tokens of each deployment since its minute began, this call's included."""
    order = np.lexsort((np.arange(len(tokens)), minute, deployment))
    total = np.cumsum(tokens[order])
    fresh = np.ones(len(order), bool)
    fresh[1:] = (np.diff(deployment[order]) != 0) | (np.diff(minute[order]) != 0)
    starts = np.flatnonzero(fresh)
    before = np.repeat(total[starts] - tokens[order][starts], np.diff([*starts, len(order)]))
    found = np.empty_like(total)
    found[order] = total - before
    return found
