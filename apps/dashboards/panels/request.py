"""What a decision on a request rests on: what the team uses of the model, and what it all costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from apps.capacity.selectors.committed import Running, committed_for, running
from apps.dashboards import figures
from apps.dashboards.panels.asked import Context
from apps.dashboards.panels.home import words
from apps.kernel import formats
from apps.provisioning import selectors as provisioning
from apps.requests import selectors as requests
from apps.requests.kinds import KINDS, Estimate
from apps.requests.states import RequestStatus
from apps.teams import selectors as teams
from apps.teams.roles import Action
from apps.usage import selectors as usage

if TYPE_CHECKING:
    from apps.provisioning.models import Resource
    from apps.requests.models import ResourceRequest
    from apps.teams.models import BusinessUnit, Person, Team

UNDECIDED = (RequestStatus.SUBMITTED, RequestStatus.IN_REVIEW, RequestStatus.NEEDS_INFO)
DAYS = 30
BEFORE = f"on the {DAYS} days before"
DRAWN = 5  # deployments in the figure, the fullest first
NO_LIMIT = {
    "empty_title": "There is no limit to compare with",
    "empty_text": "What the team has of this model has no limit in tokens per minute.",
}
NO_DAY = {
    "empty_title": "No day is over yet",
    "empty_text": "What the team has of this model was built today.",
}
Peaks = Mapping["Resource", usage.Peaks]
Range = tuple[int | None, int | None, int | None]  # low, expected, limit


@dataclass(frozen=True)
class Cost:
    """List cost of a team or unit in nano: the month so far, and committed a month now and after.

    `after` has low, expected and limit of this request in it; what is not known is None.
    """

    name: str
    page: str
    month: usage.Sums
    committed: Running
    after: Range


def need(viewer: "Person", *, request: "ResourceRequest") -> Context | None:
    """Show what the team used of the model in 30 days, and how near its limits that came."""
    team, model = request.team, _model(request)
    if not model or not _undecided(viewer, request):
        return None
    period = usage.read_period({"period": f"{DAYS}d"}, timezone.now())
    answer = usage.use_of_model(viewer, team, model, period)
    has = provisioning.live_of_model(viewer, team, model)
    context = {"team": team, "model": model, "links": _links(request, model)}
    if not answer.total.requests and not has:
        return context
    return {
        **context,
        "kpis": _kpis(answer),
        "figure": _figure(usage.peaks_of(has, period), period) if has else None,
        "as_of": min(answer.complete),
    }


def _model(request: "ResourceRequest") -> str:
    """Name the model that it is about; empty for kinds without one."""
    if request.submitted_at is None or request.kind not in KINDS:
        return ""
    facts = KINDS.get(request.kind).facts(requests.payload_of(request))
    return str(facts.get("model") or "")


def _undecided(viewer: "Person", request: "ResourceRequest") -> bool:
    return request.status in UNDECIDED and teams.may(viewer, Action.USAGE_READ, request.team)


def _links(request: "ResourceRequest", model: str) -> list[tuple[str, str]]:
    query = urlencode({"period": f"{DAYS}d", "team": request.team.slug, "model": model})
    pages = (("usage", "Usage"), ("latency", "Latency"), ("cost", "Cost"), ("calls", "Calls"))
    return [(label, f"{reverse(name)}?{query}") for name, label in pages]


def _kpis(answer: usage.Answer) -> list[Context]:
    now, before = answer.total, answer.before
    p95 = usage.percentiles_of_total(answer).p95
    return [
        words.kpi(
            "Requests",
            *words.short(now.requests),
            trend=formats.trend(now.requests, before.requests, BEFORE),
        ),
        words.kpi(
            "Tokens",
            *words.short(now.tokens),
            trend=formats.trend(now.tokens, before.tokens, BEFORE),
        ),
        words.kpi(
            "95 % answered within",
            *((formats.UNKNOWN, "") if p95 is None else words.parted(formats.seconds(p95))),
            foot="no source tells a latency" if p95 is None else f"± 1{formats.NBSP}%",
        ),
        words.kpi(
            "Refused with 429",
            *words.shared(now.throttled_share),
            foot=f"{formats.number(now.throttled)} of {formats.number(now.requests)}",
        ),
    ]


def _figure(peaks: Peaks, period: usage.Period) -> figures.Figure:
    """Draw the busiest minute of each day that is over as a share of the limit, by deployment."""
    fullest = sorted(peaks, key=lambda one: (-peaks[one].share, one.name))[:DRAWN]
    more = f", the {DRAWN} fullest of {len(peaks)}" if len(peaks) > DRAWN else ""
    said = figures.Words(
        id="need-peaks",
        question="How near its limit is the busiest minute of each day?",
        answer=_said(fullest[0], peaks[fullest[0]]) if fullest else "",
        caption=f"of the limit in tokens per minute, UTC{more}",
        **(NO_DAY if fullest else NO_LIMIT),
    )
    days = [at.date() for at in period.steps(timezone.now())][:-1]  # today goes on
    lines = [(one.name, _line(one, peaks[one], days)) for one in fullest]
    limit = figures.Limit(1, "the limit")
    figure = figures.lines(said, days, lines, unit=figures.SHARE, limit=limit)
    return replace(figure, height="low")


def _said(resource: "Resource", peaks: usage.Peaks) -> str:
    """Say how near the fullest deployment came."""
    if peaks.top is None:
        return f"Nobody called what the team has in {DAYS} days."
    size = formats.quantity(peaks.limit_tpm / 1000, "K TPM")
    at, share = formats.moment(peaks.top[0]), formats.percent(peaks.share)
    above = f"{formats.plural(peaks.above, 'minute')} above it" if peaks.above else "never above it"
    return f"{resource.name}: {share} of its {size} at most, {at} UTC; {above}."


def _line(resource: "Resource", peaks: usage.Peaks, days: Sequence[date]) -> list[float | None]:
    """Return a share per day: none before it was built, 0 on a day without calls."""
    by_day = {at.date(): tokens / peaks.limit_tpm for at, tokens in peaks.days}
    built = min([resource.built_at.date(), *by_day])
    return [by_day.get(day, 0) if day >= built else None for day in days]


def cost(viewer: "Person", *, request: "ResourceRequest") -> Context | None:
    """Show what team and unit cost this month so far, and a month with this request."""
    if request.submitted_at is None or not _undecided(viewer, request):
        return None
    team, found = request.team, usage.month_of_team(viewer, request.team)
    (own, whole), more = running(team), _more(request)
    rows = [_row("team", team, found.team, own, more)] if found.team else []
    if found.unit:
        rows.append(_row("bu", team.business_unit, found.unit, whole, more))
    return {"month": words.month(found.period), "rows": rows, "as_of": found.as_of}


def _more(request: "ResourceRequest") -> Range:
    """Say how much more a month is committed after a yes; a change ends what it takes over from."""
    act, estimate = request.act, Estimate.from_json(request.estimate)
    if act == request.Act.RENEW:
        return 0, 0, 0
    adds: Range = (estimate.low_nano, estimate.expected_nano, estimate.limit_nano)
    if act == request.Act.DECOMMISSION:
        adds = 0, 0, 0
    ends = committed_for(request.before.ref) if request.before else 0
    low, expected, limit = (None if nano is None or ends is None else nano - ends for nano in adds)
    return low, expected, limit


def _row(
    key: str, scope: "Team | BusinessUnit", month: usage.Sums, now: Running, more: Range
) -> Cost:
    page = f"{reverse('cost')}?{urlencode({'period': 'month', key: scope.slug})}"
    low, expected, limit = (None if nano is None else now.list_cost_nano + nano for nano in more)
    return Cost(str(scope), page, month, now, (low, expected, limit))
