"""A team's home: what its month costs so far, its week, and how near its limits it runs."""

from typing import TYPE_CHECKING, Any

from apps.dashboards.panels.home import words
from apps.kernel import formats
from apps.kernel.panels import once
from apps.provisioning import selectors as provisioning
from apps.provisioning.panels import row_of
from apps.teams import selectors as teams
from apps.teams.roles import Action
from apps.usage import selectors as usage
from apps.usage.states import Dimension

if TYPE_CHECKING:
    from apps.provisioning.models import Resource
    from apps.teams.models import Person

Context = dict[str, Any]
Latencies = tuple[usage.Percentiles, dict[int, usage.Percentiles]]
TOP = 4
WEEK_BEFORE = "on the week before"


def cost(viewer: "Person") -> Context | None:
    """Show the month's list cost so far, by workload."""
    if not _asks(viewer):
        return None
    found = once(viewer, usage.own_usage)
    now, before = found.total, found.total_before
    return {
        "month": words.month(found.month),
        "as_of": found.as_of,
        "total": now,
        "trend": formats.trend(now.cost_nano, before.cost_nano, words.against(found.month_before)),
        "rows": _by_workload(viewer, found),
    }


def _by_workload(viewer: "Person", found: usage.OwnUsage) -> list[tuple[str, int | None]]:
    """List the workloads that cost most, and all others in one line."""
    by = found.month_by(Dimension.WORKLOAD)
    ranked = sorted(by, key=lambda pk: (-(by[pk].cost_nano or 0), pk))
    top = ranked if len(ranked) == TOP + 1 else ranked[:TOP]
    known = {one.workload_id: one.workload.slug for one in once(viewer, _own)}
    missing = usage.names(Dimension.WORKLOAD, [pk for pk in top if pk not in known])
    known |= {pk: named.label for pk, named in missing.items()}
    rows = [(known[pk], by[pk].cost_nano) for pk in top]
    if rest := ranked[len(top) :]:
        rows.append((f"{len(rest)} others", usage.added(by[pk] for pk in rest).cost_nano))
    return rows


def figures(viewer: "Person") -> Context | None:
    """Head the page with the week: tokens, requests, latency, throttling."""
    if not _asks(viewer):
        return None
    found = once(viewer, usage.own_usage)
    total, _ = once(viewer, _waits)
    days, before = found.week, found.week_before
    week = usage.added(days)
    over = days[:-1]  # today goes on: as the end of a line it would look like a fall
    latency = (
        (formats.UNKNOWN, "") if total.p95 is None else words.parted(formats.seconds(total.p95))
    )
    return {
        "kpis": [
            words.kpi(
                "Tokens, last 7 days",
                *words.short(week.tokens),
                spark=[day.tokens for day in over],
                trend=formats.trend(week.tokens, before.tokens, WEEK_BEFORE),
                foot=formats.as_of(found.as_of),
            ),
            words.kpi(
                "Requests, last 7 days",
                *words.short(week.requests),
                spark=[day.requests for day in over],
                trend=formats.trend(week.requests, before.requests, WEEK_BEFORE),
            ),
            words.kpi(
                "Latency p95, last 24 h",
                *latency,
                foot=f"of {formats.plural(total.n, 'answer')}, ± 1{formats.NBSP}%"
                if total.n
                else "no source told a latency",
            ),
            words.kpi(
                "Throttled, last 7 days",
                *words.shared(week.throttled_share),
                spark=[day.throttled_share for day in over],
                trend=formats.trend(
                    week.throttled_share,
                    before.throttled_share,
                    WEEK_BEFORE,
                    by="points",
                    better="down",
                ),
            ),
        ]
    }


def deployments(viewer: "Person") -> Context | None:
    """List what the viewer's own teams have: load against the limit, trend, latency, cost."""
    if not _asks(viewer):
        return None
    own = once(viewer, _own)
    found = once(viewer, usage.own_usage)
    _, waits = once(viewer, _waits)
    loads = usage.busiest_hours(own)
    month, week = found.month_by(Dimension.DEPLOYMENT), found.week_by(Dimension.DEPLOYMENT)
    nothing = usage.Sums()
    return {
        "month": words.month(found.month),
        "rows": [
            {
                **row_of(one),
                "load": _load(one, loads.get(one.pk)),
                "spark": [day.get(one.pk, nothing).tokens for day in week[:-1]],
                "p95": waits[one.pk].p95,
                "cost_nano": month.get(one.pk, nothing).cost_nano,
            }
            for one in own
        ],
    }


def _load(resource: "Resource", busiest: usage.Busiest | None) -> Context:
    """Put the busiest hour beside the limit, in K TPM; a deployment without calls had none."""
    limit = usage.limit_tpm(resource)
    tpm = busiest.tpm if busiest else 0
    return {
        "tpm": tpm,
        "limit": limit,
        "at": busiest.at if busiest else None,
        "text": f"{_thousands(tpm)} / {_thousands(limit) if limit else formats.UNKNOWN}",
        "tone": "warn" if limit and tpm > limit else "",
    }


def _thousands(tpm: float) -> str:
    return formats.number(tpm / 1000, 0 if not tpm or tpm >= 9_950 else 1)


def _asks(viewer: "Person") -> bool:
    return teams.may_anywhere(viewer, Action.REQUEST_CREATE)


def _own(viewer: "Person") -> "list[Resource]":
    return list(provisioning.of_own_teams(viewer))


def _waits(viewer: "Person") -> Latencies:
    return usage.waits_of_day(viewer, once(viewer, _own))
