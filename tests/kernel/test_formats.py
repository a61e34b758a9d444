"""Numbers, money and times are written the same way everywhere."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from apps.kernel import formats

NOW = datetime(2026, 11, 23, 10, 32, tzinfo=UTC)  # a Monday


def plain(text: str) -> str:
    """Read no-break spaces as spaces, so that the tables below stay legible."""
    return text.replace(formats.NBSP, " ")


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 0, "0"),
        (22361870, 0, "22 361 870"),
        (999, 0, "999"),
        (-1234, 0, "−1 234"),
        (-0.4, 0, "0"),
        (2.5, 0, "2"),
        (3.5, 0, "4"),
        (Decimal("1278.785"), 2, "1 278.78"),
        (0.1 + 0.2, 1, "0.3"),
    ],
)
def test_number(value, decimals, text):
    assert plain(formats.number(value, decimals)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (4200, "4 200"),
        (9999, "9 999"),
        (10_000, "10 K"),
        (141_900, "141.9 K"),
        (999_949, "999.9 K"),
        (999_950, "1 M"),
        (512_400_000, "512.4 M"),
        (2_600_000_000, "2.6 B"),
        (2_600_000_000_000, "2 600 B"),
        (-141_900, "−141.9 K"),
    ],
)
def test_short_count(value, text):
    assert plain(formats.short_count(value)) == text


@pytest.mark.parametrize(
    ("nano", "cents", "whole", "exact", "price"),
    [
        (68_838_987_500, "68.84 USD", "69 USD", "68.838987500 USD", "68.8389875"),
        (0, "0.00 USD", "0 USD", "0.000000000 USD", "0.00"),
        (125_000_000, "0.12 USD", "0 USD", "0.125000000 USD", "0.125"),
        (10_000_000_000, "10.00 USD", "10 USD", "10.000000000 USD", "10.00"),
        (-1, "0.00 USD", "0 USD", "−0.000000001 USD", "−0.000000001"),
        (
            183_550_000_000_000,
            "183 550.00 USD",
            "183 550 USD",
            "183 550.000000000 USD",
            "183 550.00",
        ),
    ],
)
def test_money(nano, cents, whole, exact, price):
    assert plain(formats.money(nano)) == cents
    assert plain(formats.money(nano, 0)) == whole
    assert plain(formats.money_exact(nano)) == exact
    assert plain(formats.unit_price(nano)) == price


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"),
        (0.64, "64 %"),
        (0.091, "9.1 %"),
        (0.008, "0.80 %"),
        (0.00996, "1.0 %"),
        (0.0996, "10 %"),
        (1.08, "108 %"),
        (-0.064, "−6.4 %"),
    ],
)
def test_percent(share, text):
    assert plain(formats.percent(share)) == text


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (0.2, "0.2 s"),
        (2.94, "2.9 s"),
        (9.96, "10 s"),
        (timedelta(seconds=48), "48 s"),
        (89.6, "1 minute"),
        (timedelta(minutes=4), "4 minutes"),
        (3_599, "1 h"),
        (timedelta(hours=3, minutes=24), "3.4 h"),
        (timedelta(days=19), "19 days"),
    ],
)
def test_duration(span, text):
    assert plain(formats.duration(span)) == text


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (NOW, "today 10:32"),
        (NOW + timedelta(hours=2), "today 12:32"),
        (NOW + timedelta(days=1), "tomorrow 10:32"),
        (NOW - timedelta(hours=11), "yesterday 23:32"),
        (datetime(2026, 11, 20, 15, 41, tzinfo=UTC), "Fri 15:41"),
        (datetime(2026, 11, 16, 18, 43, tzinfo=UTC), "16 Nov 18:43"),
        (datetime(2026, 11, 30, 18, 43, tzinfo=UTC), "30 Nov 18:43"),
        (datetime(2025, 12, 31, 0, 0, tzinfo=UTC), "31 Dec 2025 00:00"),
    ],
)
def test_moment(at, text):
    assert plain(formats.moment(at, now=NOW)) == text


def test_a_moment_is_told_in_utc_whatever_its_zone():
    from zoneinfo import ZoneInfo

    late = datetime(2026, 11, 24, 0, 30, tzinfo=ZoneInfo("Europe/Stockholm"))
    assert plain(formats.moment(late, now=NOW)) == "today 23:30"
    assert formats.moment_exact(late) == "23 Nov 2026 23:30:00 UTC"


def test_as_of_names_the_day_only_when_it_is_another():
    assert plain(formats.as_of(NOW, now=NOW)) == "as of 10:32 UTC"
    earlier = datetime(2026, 11, 16, 18, 43, tzinfo=UTC)
    assert plain(formats.as_of(earlier, now=NOW)) == "as of 16 Nov 18:43 UTC"


def test_day():
    today = date(2026, 11, 23)
    assert plain(formats.day(date(2026, 11, 16), today=today)) == "16 Nov"
    assert plain(formats.day(date(2027, 5, 15), today=today)) == "15 May 2027"


@pytest.mark.parametrize(
    ("count", "nouns", "text"),
    [
        (1, ("request",), "1 request"),
        (0, ("request",), "0 requests"),
        (2, ("reply", "replies"), "2 replies"),
        (1184, ("request",), "1 184 requests"),
    ],
)
def test_plural(count, nouns, text):
    assert plain(formats.plural(count, *nouns)) == text


def test_quantity_keeps_number_and_unit_on_one_line():
    assert formats.quantity(500, "K TPM") == "500\u00a0K\u00a0TPM"
    assert plain(formats.quantity(1.5, "PTU")) == "1.5 PTU"


@pytest.mark.parametrize(
    ("ms", "text", "amount"),
    [
        (0, "0.00 s", "0.00"),
        (4, "4 ms", "0.00"),
        (98, "0.10 s", "0.10"),
        (980, "0.98 s", "0.98"),
        (2900, "2.9 s", "2.9"),
        (2000, "2 s", "2.0"),
        (9949, "9.9 s", "9.9"),
        (48_200, "48 s", "48"),
    ],
)
def test_seconds(ms, text, amount):
    assert plain(formats.seconds(ms)) == text
    assert formats.seconds_amount(ms) == amount


@pytest.mark.parametrize(
    ("now", "before", "how", "text", "tone"),
    [
        (109.1, 100, {}, "▲ 9.1 % on the week before", ""),
        (80, 100, {}, "▼ 20 % on the week before", ""),
        (100, 100, {}, "unchanged on the week before", ""),
        (1_000_001, 1_000_000, {"better": "down"}, "unchanged on the week before", ""),
        (
            0.5004,
            0.5,
            {"by": "points", "better": "up"},
            "unchanged on the week before",
            "",
        ),
        (980.4, 980, {"by": "ms", "better": "down"}, "unchanged on the week before", ""),
        (
            0.501,
            0.5,
            {"by": "points", "better": "up"},
            "▲ 0.1 points on the week before",
            "good",
        ),
        (10_001, 10_000, {}, "▲ 0.01 % on the week before", ""),
        (0, 100, {}, "▼ 100 % on the week before", ""),
        (100, None, {}, "– on the week before", ""),
        (None, 100, {"better": "down"}, "– on the week before", ""),
        (100, 0, {"better": "down"}, "– on the week before", ""),
        (
            0.008,
            0.002,
            {"by": "points", "better": "down"},
            "▲ 0.6 points on the week before",
            "bad",
        ),
        (0.2, 0, {"by": "points", "better": "up"}, "▲ 20.0 points on the week before", "good"),
        (980, 1030, {"by": "ms", "better": "down"}, "▼ 0.05 s on the week before", "good"),
        (1030, 980, {"by": "ms", "better": "down"}, "▲ 0.05 s on the week before", "bad"),
    ],
)
def test_a_trend_is_coloured_only_where_better_is_certain(now, before, how, text, tone):
    trend = formats.trend(now, before, "on the week before", **how)
    assert (plain(str(trend)), trend.tone) == (text, tone)
