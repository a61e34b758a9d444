"""What a deployment's traffic says: how near it comes to its limit, minute by minute."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from apps.dashboards import figures
from apps.dashboards.panels.asked import Context
from apps.dashboards.panels.table import File
from apps.kernel import formats
from apps.kernel.errors import InvalidError
from apps.kernel.money import CURRENCY
from apps.provisioning import selectors as provisioning
from apps.usage import selectors as usage
from apps.usage.selectors import plain

if TYPE_CHECKING:
    from apps.provisioning.models import Resource
    from apps.teams.models import Person

COLUMNS = (
    *("minute", "requests", "throttled", "tokens"),
    *("p50_ms", "p95_ms", "p99_ms", "limit_tpm"),
)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AGAINST = "on the 30 days before"
NO_CALL = "no call of yours"
SOON, UNTOLD = "being added up", "no source tells a latency"
OF = "Figures: calls of your teams. Chart: everybody who calls it, as the limit is shared."
NEVER = (
    "Call it as written below. The gateway and Azure Monitor tell of each call within a minute; "
    "a platform admin can import files of older ones."
)


@dataclass(frozen=True)
class Hour:
    """An hour with calls, and how near the limit its minutes came."""

    at: datetime
    minutes: Sequence[usage.Minute]
    load: usage.Load

    @property
    def weight(self) -> tuple[int, int]:
        """Rank it: most minutes above the limit first, then the highest minute."""
        return self.load.above, self.load.peak_tokens


def traffic(
    viewer: "Person",
    *,
    resource: "Resource",
    query: Mapping[str, str] | None = None,
    **_: object,
) -> Context:
    """Show the busiest 60 minutes of the last day with calls, or what `day` and `hour` ask for."""
    last = usage.last_hour_of(resource)
    if last is None:
        return {"never": NEVER}
    problem = ""
    try:
        start, hour = _wanted(query or {}, last)
    except InvalidError as error:
        problem, start, hour = error.message, last + HOUR - DAY, None
    hours = _hours(viewer, resource, start)
    at = start + (hour or 0) * HOUR
    shown = hours.get(at) if hour is not None else _busiest(hours, usage.limit_tpm(resource))
    at = shown.at if shown else at
    return {
        "problem": problem,
        **_kpis(viewer, resource),
        "figure": _figure(resource, at, shown, _csv_url(resource, {} if problem else query or {})),
        "hours": [_link(one, current=one.at == at) for one in hours.values()],
        "day": at.date(),
        "latest": timezone.now().date(),
        "earlier": _day_url(at.date() - timedelta(days=1)),
        "later": _day_url(at.date() + timedelta(days=1)) if at.date() < last.date() else "",
        "links": _links(resource),
    }


def minutes(viewer: "Person", pk: int, query: Mapping[str, str]) -> File:
    """Make a file of every minute with calls: of a day, of an hour of it, or of the last 24 hours.

    Raises NotFoundError for a deployment that the viewer may not see.
    """
    resource = provisioning.resource_for(viewer, pk)
    last = usage.last_hour_of(resource) or timezone.now()
    start, hour = _wanted(query, last)
    at, length = (start, DAY) if hour is None else (start + hour * HOUR, HOUR)
    limit = usage.limit_tpm(resource)
    rows = [
        (
            *(plain.moment(one.at), one.requests, one.throttled, one.tokens),
            *(one.p50, one.p95, one.p99, limit),
        )
        for one in usage.minutes(viewer, resource, at, at + length)
    ]
    return File(f"deployment-{pk}-minutes.csv", COLUMNS, rows)


def _csv_url(resource: "Resource", query: Mapping[str, str]) -> str:
    kept = {name: query[name] for name in ("day", "hour") if query.get(name)}
    return f"{reverse('resource_minutes', args=[resource.pk])}?{urlencode(kept)}"


def _wanted(query: Mapping[str, str], last: datetime) -> tuple[datetime, int | None]:
    """Read a day and an hour of it; without them the 24 hours to the last call."""
    day, hour = query.get("day", ""), query.get("hour", "")
    if hour and not (hour.isascii() and hour.isdecimal() and len(hour) <= 2 and int(hour) < 24):
        raise InvalidError(
            f"“{hour[:40]}” is no hour of a day; 0 to 23 would pass.", {"hour": "0 to 23."}
        )
    number = int(hour) if hour else None
    if not day:
        return (last + HOUR - DAY, None) if number is None else (_midnight(last.date()), number)
    try:
        found = date.fromisoformat(day)
    except ValueError:
        found = date.min
    if not 2000 <= found.year <= 2100:
        raise InvalidError(
            f"“{day[:40]}” cannot be read as a day; {last:%Y-%m-%d} would pass.",
            {"day": f"A day such as {last:%Y-%m-%d}."},
        )
    return _midnight(found), number


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _hours(viewer: "Person", resource: "Resource", start: datetime) -> dict[datetime, Hour]:
    limit = usage.limit_tpm(resource)
    parted: dict[datetime, list[usage.Minute]] = {}
    for minute in usage.minutes(viewer, resource, start, start + DAY):
        parted.setdefault(minute.at.replace(minute=0), []).append(minute)
    return {
        at: Hour(at, found, load)
        for at, found in parted.items()
        if (load := usage.load(found, limit, at, at + HOUR))
    }


def _busiest(hours: Mapping[datetime, Hour], limit: int | None) -> Hour | None:
    """Choose the busiest hour of the clock, or 60 minutes across two that are above more often."""
    best = max(hours.values(), key=lambda one: one.weight, default=None)
    if best is None or limit is None:
        return best
    found = [minute for one in hours.values() for minute in one.minutes]
    above = [minute.at for minute in found if minute.tokens > limit]
    at = max((one.at for one in found), key=lambda at: _within(above, at))
    if _within(above, at) <= best.load.above:
        return best
    across = [minute for minute in found if at <= minute.at < at + HOUR]
    load = usage.load(across, limit, at, at + HOUR)
    return Hour(at, across, load) if load else best


def _within(moments: Sequence[datetime], at: datetime) -> int:
    return bisect_left(moments, at + HOUR) - bisect_left(moments, at)


def said(load: usage.Load) -> str:
    """Say how near its limit a deployment came, in one sentence."""
    peak = f"{formats.number(load.peak_tokens)} at {load.peak_at:%H:%M} UTC"
    if load.limit_tpm is None:
        return (
            f"Its busiest minute had {peak.replace(' at ', ' tokens, at ')}. It has no TPM limit."
        )
    limit = formats.quantity(load.limit_tpm / 1000, "K TPM")
    if not load.above:
        return f"No minute above your {limit} (peak {peak})"
    return f"{load.above} of {load.minutes} minutes above your {limit} (peak {peak})"


def _figure(resource: "Resource", at: datetime, shown: Hour | None, csv_url: str) -> figures.Figure:
    ends = at + HOUR - MINUTE
    span = f"{formats.day(at.date())}, {at:%H:%M}–{ends:%H:%M} UTC"
    words = figures.Words(
        id="traffic",
        question="How near does it come to its limit?",
        answer=said(shown.load) if shown else "",
        caption=f"a minute, input and output, {span}",
        csv_url=csv_url,
        rows_url=_calls_url(resource, at.date()),
        rows_label="Calls of this day",
        empty_title=f"No calls on {span}",
        empty_text="Choose another hour or another day below.",
    )
    times = [at + n * MINUTE for n in range(60)]
    counts = {minute.at: minute.tokens for minute in shown.minutes} if shown else {}
    values = [counts.get(one, 0) if counts else None for one in times]
    limit = usage.limit_tpm(resource)
    line = limit and figures.Limit(limit, formats.quantity(limit / 1000, "K TPM"))
    return figures.stacked_bars(
        words, times, [("tokens", values)], unit=figures.TOKENS, limit=line or None
    )


def _link(one: Hour, *, current: bool) -> Context:
    return {
        "label": f"{one.at:%H:%M}",
        "url": f"{_day_url(one.at.date(), one.at.hour)}#traffic-q",
        "current": current,
        "above": one.load.above,
        "title": f"{formats.plural(one.load.requests, 'request')}, "
        f"peak {formats.number(one.load.peak_tokens)} tokens in a minute",
    }


def _day_url(day: date, hour: int | None = None) -> str:
    chosen = {"day": day.isoformat()} | ({} if hour is None else {"hour": hour})
    return f"?{urlencode(chosen)}"


def _calls_url(resource: "Resource", day: date) -> str:
    query = {"deployment": resource.pk, "from": day.isoformat(), "to": day.isoformat()}
    return f"{reverse('calls')}?{urlencode(query)}"


def _links(resource: "Resource") -> list[tuple[str, str]]:
    pages = (("usage", "Usage"), ("latency", "Latency"), ("cost", "Cost"), ("calls", "Calls"))
    return [(label, f"{reverse(name)}?deployment={resource.pk}") for name, label in pages]


def _kpis(viewer: "Person", resource: "Resource") -> Context:
    """Sum what the viewer may see; the chart beside it has everybody's calls."""
    period = usage.read_period({"period": "30d"}, timezone.now())
    answer = usage.answer_about(viewer, resource, period)
    total, before = answer.total, answer.before
    p95 = usage.percentiles_of_total(answer).p95
    cost = total.cost_nano
    kpis = [
        _counted("Tokens, 30 days", total.tokens, before.tokens),
        _counted("Requests, 30 days", total.requests, before.requests),
        {
            "label": "95 % within, 30 days",
            "value": formats.UNKNOWN if p95 is None else formats.seconds_amount(p95),
            "unit": "" if p95 is None else "s",
            "foot": f"± 1{formats.NBSP}%"
            if p95 is not None
            else SOON
            if total.latency_known
            else UNTOLD,
        },
        {
            "label": "List cost, 30 days",
            "value": formats.UNKNOWN if cost is None else formats.amount(cost),
            "unit": "" if cost is None else CURRENCY,
            "trend": formats.trend(cost, before.cost_nano, AGAINST),
            "foot": f"{formats.plural(total.unpriced, 'call')} unpriced" if total.unpriced else "",
        },
    ]
    if not total.requests:
        kpis = [
            {"label": one["label"], "value": one["value"], "unit": one["unit"], "foot": NO_CALL}
            for one in kpis
        ]
    everything = answer.scope.reach is None or answer.scope.reach.everywhere
    return {"kpis": kpis, "as_of": min(answer.complete), "of": "" if everything else OF}


def _counted(label: str, now: int, before: int) -> Context:
    value, _, unit = formats.short_count(now).rpartition(formats.NBSP)
    if unit not in dict(formats.SIZES):
        value, unit = formats.number(now), ""
    trend = formats.trend(now, before, AGAINST)
    return {"label": label, "value": value, "unit": unit, "trend": trend}
