"""A page with every figure: the traffic of a team that is worth a look."""

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils import timezone

from apps.dashboards import figures
from apps.dashboards.figures import Limit, Note, Words
from apps.kernel import formats

TODAY = timezone.now().date()
DAYS = [TODAY - timedelta(days=30 - number) for number in range(30)]
START = datetime.combine(TODAY - timedelta(days=7), datetime.min.time(), UTC)
HOURS = [START + timedelta(hours=number) for number in range(168)]
PARTS = {
    "claims-embed": 60,
    "claims-summary": 46,
    "claims-triage": 31,
    "policy-qa": 7,
    "fraud-notes": 4,
    "fnol-voice": 3,
    "letters": 2,
    "search": 2,
    "pilot": 1,
}


def busy(at: date) -> float:
    """Give a weekend a third of a working day."""
    return 0.35 if at.weekday() > 4 else 1


def level(hour: float, base: float, swing: float) -> float:
    """Follow office hours."""
    return base + swing * max(0.0, math.sin((hour - 6) / 12 * math.pi))


def tokens() -> figures.Figure:
    """Draw nine parts, so that one of them becomes the others."""
    series = [
        (
            name,
            [int(size * 1_000_000 * busy(at) * (1 + place / 90)) for place, at in enumerate(DAYS)],
        )
        for name, size in PARTS.items()
    ]
    words = Words(
        id="tokens",
        question="Which workloads drive the tokens?",
        answer="claims-embed is 38 %; claims-triage grows fastest, +42 % in 30 days.",
        caption="a day, all classes",
        csv_url="?csv",
        rows_url="#rows",
    )
    return figures.stacked_bars(words, DAYS, series, unit=figures.TOKENS)


def percentiles() -> figures.Figure:
    """Draw a week with one outlier and one hour without a call."""
    p50: list[int | None] = [int(level(at.hour, 1000, 500)) for at in HOURS]
    p95: list[int | None] = [int(level(at.hour, 2000, 900)) for at in HOURS]
    p99: list[int | None] = [int(level(at.hour, 3200, 1500)) for at in HOURS]
    p95[42], p99[42] = 5200, 10_100
    p50[90] = p95[90] = p99[90] = None
    words = Words(
        id="percentiles",
        question="How long do people wait, and did it get worse?",
        answer="Steady at 2–3 s for 95 %. One breach, at 18:00 on the second day.",
        caption="per request, by hour, UTC, ± 1 %",
        rows_url="#slow",
        rows_label="Slowest 100 requests",
    )
    return figures.percentile_lines(
        words,
        HOURS,
        p50,
        p95,
        p99,
        limit=Limit(4000, "objective p95 ≤ 4 s"),
        note=Note(HOURS[42], "502 requests in a minute"),
    )


def throttled() -> figures.Figure:
    """Rank deployments."""
    words = Words(
        id="throttled",
        question="Who is being throttled?",
        answer="claims-triage-prod takes 93 % of all 429s.",
        caption="answered with 429, in 30 days",
        csv_url="?csv",
    )
    rows = [
        ("policy-qa-prod", 48),
        ("claims-triage-prod", 1184),
        ("claims-summary-prod", 31),
        ("fraud-notes-test", 9),
        ("fnol-voice-development-swedencentral", 2),
    ]
    return figures.ranked_bars(words, rows, unit=figures.REQUESTS)


def day_shape() -> figures.Figure:
    """Compare an average day with the one of the period before."""
    words = Words(
        id="shape",
        question="When does the traffic come?",
        answer="Two waves: office hours, and the claims batch at 18:00.",
        caption="an hour, average working day, UTC",
    )
    now = [int(level(hour, 30, 420)) for hour in range(24)]
    now[18] = 491
    before = [int(0.85 * value) for value in now]
    return figures.lines(
        words,
        list(range(24)),
        [("last 30 days", now)],
        unit=figures.REQUESTS,
        before=("30 days before", before),
        note=Note(18, "claims batch"),
    )


def cached() -> figures.Figure:
    """Draw one share."""
    words = Words(
        id="cached",
        question="How much is answered from cache?",
        answer="From 14 % to 23 % of input since prompt v12 put the policy text first.",
        caption="of input tokens, a day",
    )
    shares = [0.14 + 0.09 / (1 + math.exp(-(place - 15) / 3)) for place in range(30)]
    return figures.share_line(words, DAYS, shares)


def cost() -> figures.Figure:
    """Draw one series against a budget."""
    words = Words(
        id="cost",
        question="What does a day cost?",
        answer="92 USD on a working day, 32 USD on a weekend.",
        caption="a day, list cost",
        csv_url="?csv",
        rows_url="#rows",
    )
    nano = [int(92_384_512_345 * busy(at)) for at in DAYS]
    limit = Limit(110 * 10**9, "budget ÷ days, 110 USD")
    return figures.stacked_bars(words, DAYS, [("cost", nano)], unit=figures.USD, limit=limit)


def slow_hours() -> figures.Figure:
    """Shade a week; one cell is unknown."""
    rows: list[list[int | None]] = [
        [int(level(hour, 1300, 2000 if weekday < 5 else 700)) for hour in range(24)]
        for weekday in range(7)
    ]
    rows[0][18], rows[6][3] = 5200, None
    words = Words(
        id="slow",
        question="At which hours is it slow?",
        answer="09:00–15:00 and 18:00 on Monday; weekends are quiet.",
        caption="p95 by weekday and hour, UTC",
        csv_url="?csv",
    )
    return figures.heat_table(words, rows, unit=figures.SECONDS)


def nothing() -> figures.Figure:
    """Know nothing."""
    words = Words(
        id="nothing",
        question="How soon does the answer start?",
        empty_text="Grants of this team: 3. Its first call appears here within a minute.",
        empty_url="#access",
        empty_label="How to call it",
    )
    return figures.percentile_lines(words, DAYS, [None] * 30, [None] * 30, [None] * 30)


RANGES = [
    {"name": "claims-triage-prod", "p50": 1300, "p95": 2900, "p99": 4600},
    {"name": "policy-qa-prod", "p50": 1600, "p95": 3400, "p99": 6900},
    {"name": "claims-embed", "p50": 98, "p95": 204, "p99": 310},
    {"name": "imported", "p50": None, "p95": None, "p99": None},
]
KPIS: list[dict[str, Any]] = [
    {
        "label": "Tokens",
        "value": "3 544",
        "unit": "M",
        "spark": [3, 4, 4, 6, 7, 9, 8, 11, 12, 13],
        "trend": formats.trend(3544, 3187, "on the 30 days before"),
    },
    {
        "label": "95 % within",
        "value": "2.9",
        "unit": "s",
        "spark": [2, 2, None, 2, 3, 9, 3, 2],
        "foot": "objective ≤ 4 s, ± 1 %",
    },
    {
        "label": "Throttled",
        "value": "0.80",
        "unit": "%",
        "trend": formats.trend(0.008, 0.002, "on the week before", by="points", better="down"),
    },
    {
        "label": "First token, p95",
        "value": "–",
        "trend": formats.trend(None, 980, "on the week before"),
    },
]
PERIOD = {
    "options": [
        {"label": "24 h", "value": "24h"},
        {"label": "7 days", "value": "7d"},
        {"label": "30 days", "value": "30d", "current": True},
        {"label": "Month", "value": "month"},
    ],
    "start": DAYS[0],
    "end": DAYS[-1],
    "step": "day",
    "latest": TODAY,
}


def page_context() -> dict[str, object]:
    """Give what `figures_page.html` shows."""
    return {
        "kpis": KPIS,
        "period": PERIOD,
        "ranges": RANGES,
        "range_top": figures.round_up(6900),
        "at": timezone.now(),
        "figures": {
            figure.id: figure
            for figure in (
                tokens(),
                percentiles(),
                throttled(),
                day_shape(),
                cached(),
                cost(),
                slow_hours(),
                nothing(),
            )
        },
    }
