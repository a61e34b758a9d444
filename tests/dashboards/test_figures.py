"""Figures say the same in marks, legend, hover and table, whatever numbers come."""

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from apps.dashboards import figures
from apps.dashboards.figures import Limit, Note, Words, axes, chart
from apps.kernel.formats import NBSP

DAYS = [date(2026, 11, day) for day in range(1, 24)]
HOURS = [datetime(2026, 11, 16, tzinfo=UTC) + timedelta(hours=hour) for hour in range(168)]
WORDS = Words(id="f", question="Which workloads drive the tokens?", answer="One.", caption="a day")
USUAL = {"unit": figures.TOKENS}


@pytest.fixture(autouse=True)
def in_november_2026(monkeypatch):
    """Let days stand without their year, whenever the tests run."""
    now = datetime(2026, 11, 23, 10, 32, tzinfo=UTC)
    monkeypatch.setattr("apps.kernel.formats.timezone.now", lambda: now)


def drawn(figure):
    """Read what the browser reads."""
    return json.loads(figure.data_json)


def plain(text):
    return text.replace(NBSP, " ")


def constant(count, *, size=1_000_000):
    return [(f"w{number}", [size * (number + 1)] * len(DAYS)) for number in range(count)]


def test_parts_sum_to_the_total_in_marks_and_table():
    figure = figures.stacked_bars(WORDS, DAYS, constant(3), **USUAL)
    *parts, total = drawn(figure)["data"]
    assert [trace["type"] for trace in parts] == ["bar"] * 3
    assert [sum(column) for column in zip(*(t["y"] for t in parts), strict=True)] == total["y"]
    assert (figure.table_head, figure.unit) == (("Day, UTC", "w0", "w1", "w2", "Total"), "tokens")
    assert (
        plain(" | ".join(figure.table_rows[0][1:]))
        == "1 000 000 | 2 000 000 | 3 000 000 | 6 000 000"
    )
    assert len(figure.table_rows) == len(DAYS)


def test_a_ninth_part_and_later_ones_are_the_others_in_grey():
    figure = figures.stacked_bars(
        WORDS, DAYS, constant(11), others=("rest", [5] * len(DAYS)), **USUAL
    )
    traces = drawn(figure)["data"]
    assert [t["meta"] for t in traces] == [*(f"c{n}" for n in range(1, 9)), "others", "none"]
    assert traces[8]["name"] == "others"
    assert traces[8]["y"][0] == 9_000_000 + 10_000_000 + 11_000_000 + 5
    assert [key.css for key in figure.keys] == [*(f"k{n}" for n in range(1, 9)), ""]
    assert figure.keys[-1].text == "others"


def test_a_single_rest_keeps_its_name():
    figure = figures.stacked_bars(
        WORDS, DAYS, constant(2), others=("14 others", [5] * len(DAYS)), **USUAL
    )
    assert [key.text for key in figure.keys] == ["w0", "w1", "14 others"]
    assert figure.keys[-1].slot == "others"


def test_one_part_needs_neither_legend_nor_total():
    figure = figures.stacked_bars(WORDS, DAYS, constant(1), **USUAL)
    assert figure.keys == ()
    assert figure.table_head == ("Day, UTC", "w0")
    assert [trace["meta"] for trace in drawn(figure)["data"]] == ["c1"]


def test_a_workload_keeps_its_colour_from_figure_to_figure():
    colours = figures.slots(["w0", "w1", "w2"])
    alone = figures.stacked_bars(WORDS, DAYS, constant(3)[2:], colours=colours, **USUAL)
    line = figures.lines(WORDS, DAYS, constant(3)[1:], colours=colours, **USUAL)
    stranger = figures.lines(WORDS, DAYS, [("new", [1] * len(DAYS))], colours=colours, **USUAL)
    assert drawn(alone)["data"][0]["meta"] == "c3"
    assert {t["name"]: t["meta"] for t in drawn(line)["data"]} == {"w1": "c2", "w2": "c3"}
    assert drawn(stranger)["data"][0]["meta"] == "others"


def test_what_is_unknown_is_a_gap_and_a_dash_and_never_zero():
    values = [None, *[1200] * 166, None]
    zeros = [0, *values[1:]]
    figure = figures.percentile_lines(WORDS, HOURS, values, zeros, values)
    by_name = {trace["name"]: trace["y"] for trace in drawn(figure)["data"]}
    assert by_name["p50"][:2] == [None, 1.2]
    assert by_name["p95"][0] == 0
    assert figure.table_rows[0] == (f"16{NBSP}Nov 00:00", "–", "0.000", "–")


def test_a_total_knows_what_one_part_knows():
    series = [("a", [None, None, 3]), ("b", [None, 2, 1])]
    figure = figures.stacked_bars(WORDS, DAYS[:3], series, **USUAL)
    assert drawn(figure)["data"][-1]["y"] == [None, 2, 4]
    assert [row[-1] for row in figure.table_rows] == ["–", "2", "4"]


@pytest.mark.parametrize("values", [[], [None] * 23])
def test_where_nothing_is_known_the_figure_says_so(values):
    times = DAYS[: len(values)]
    for figure in (
        figures.stacked_bars(WORDS, times, [("a", values)], **USUAL),
        figures.stacked_bars(WORDS, times, [], **USUAL),
        figures.lines(WORDS, times, [("a", values)], limit=Limit(5, "quota"), **USUAL),
        figures.percentile_lines(WORDS, times, values, values, values),
        figures.share_line(WORDS, times, values),
        figures.ranked_bars(WORDS, [("a", value) for value in values], **USUAL),
        figures.ranked_bars(WORDS, [("a", 0), ("b", None)], **USUAL),
        figures.heat_table(WORDS, [values] * 7, **USUAL),
    ):
        assert (figure.data_json, figure.cells, figure.table_rows) == ("", (), ())
        assert figure.empty_title == "No calls in this period"


def test_zero_calls_that_are_known_are_drawn():
    figure = figures.stacked_bars(WORDS, DAYS, [("a", [0] * len(DAYS))], **USUAL)
    assert drawn(figure)["layout"]["yaxis"]["tickvals"] == [0, 1]


def test_percentiles_have_their_colours_and_the_objective_its_words():
    p50, p95, p99 = [1300] * 168, [2900] * 168, [4600] * 168
    figure = figures.percentile_lines(
        WORDS, HOURS, p50, p95, p99, limit=Limit(4000, "objective p95 ≤ 4 s")
    )
    traces = {trace["name"]: trace for trace in drawn(figure)["data"]}
    assert {name: trace["meta"] for name, trace in traces.items()} == {
        "p50": "c1",
        "p95": "c2",
        "p99": "c3",
    }
    assert {name: trace["line"]["dash"] for name, trace in traces.items()} == {
        "p50": "solid",
        "p95": "solid",
        "p99": "dot",
    }
    assert [key.text for key in figure.keys] == [
        "p50",
        "p95",
        "p99, dotted",
        "dashed: objective p95 ≤ 4 s",
    ]
    line = drawn(figure)["layout"]["shapes"][0]
    assert (line["x0"], line["x1"], line["y0"], line["y1"]) == (0, 1, 4, 4)
    assert figure.caption == "s a day"


def test_a_limit_above_everything_is_inside_the_axis():
    figure = figures.lines(WORDS, DAYS, constant(1, size=1), limit=Limit(500, "500 K TPM"), **USUAL)
    assert drawn(figure)["layout"]["yaxis"]["range"][1] > 500


def test_the_period_before_is_dotted_and_behind():
    now, before = ("this week", [5] * 24), ("the week before", [4] * 24)
    figure = figures.lines(WORDS, list(range(24)), [now], before=before, unit=figures.REQUESTS)
    behind, front = drawn(figure)["data"]
    assert (behind["name"], behind["meta"], behind["line"]["dash"]) == (before[0], "others", "dot")
    assert (front["name"], front["meta"]) == (now[0], "c1")
    assert figure.table_head == ("Hour, UTC", "this week", "the week before")
    assert figure.table_rows[7] == ("07:00", "5", "4")


@pytest.mark.parametrize(("place", "anchor"), [(0, "left"), (11, "center"), (22, "right")])
def test_a_note_stands_above_its_outlier_and_inside_the_figure(place, anchor):
    values = [10] * len(DAYS)
    values[place] = 90
    figure = figures.lines(
        WORDS, DAYS, [("a", values)], note=Note(DAYS[place], "prompt <v12>"), **USUAL
    )
    note = drawn(figure)["layout"]["annotations"][0]
    assert (note["x"], note["y"], note["xanchor"]) == (DAYS[place].isoformat(), 90, anchor)
    assert note["text"] == "prompt &lt;v12&gt;"


def test_money_and_shares_are_exact_in_the_table():
    nano = [68_838_987_500] * len(DAYS)
    figure = figures.stacked_bars(WORDS, DAYS, [("cost", nano)], unit=figures.USD)
    assert drawn(figure)["data"][0]["y"][0] == 68.838988
    assert figure.table_rows[0][1] == "68.8389875"
    assert figure.caption == "USD a day"
    share = figures.share_line(WORDS, DAYS, [0.2345] * len(DAYS))
    assert drawn(share)["data"][0]["y"][0] == 23.45
    assert share.table_rows[0][1] == "23.45"


def test_a_ranking_puts_the_largest_on_top_with_its_number():
    rows = [("a", 31), ("b", 1184), ("c", None), ("d", 0), ("e", 48)]
    figure = figures.ranked_bars(WORDS, rows, unit=figures.REQUESTS)
    bars = drawn(figure)["data"][0]
    assert drawn(figure)["layout"]["yaxis"]["ticktext"] == ["a", "e", "b"]
    assert plain(bars["text"][-1]) == "1 184"
    assert bars["meta"] == ["others", "others", "c1"]
    assert [row[0] for row in figure.table_rows] == ["b", "e", "a"]
    chosen = figures.ranked_bars(WORDS, rows, unit=figures.REQUESTS, highlight="e")
    assert drawn(chosen)["data"][0]["meta"] == ["others", "c1", "others"]


def test_a_long_ranking_ends_in_its_others_and_keeps_its_sum():
    rows = [(f"d{number}", number) for number in range(1, 21)]
    figure = figures.ranked_bars(WORDS, rows, unit=figures.REQUESTS)
    assert figure.table_rows[-1] == ("11 others", str(sum(range(1, 12))))
    assert sum(int(row[1]) for row in figure.table_rows) == sum(range(1, 21))
    assert drawn(figure)["layout"]["yaxis"]["ticktext"][0] == "11 others"
    assert figure.height == "tall"


def test_a_long_name_is_shortened_beside_its_bar_only():
    name = "fnol-voice-development-swedencentral"
    figure = figures.ranked_bars(WORDS, [(name, 3)], unit=figures.REQUESTS)
    assert drawn(figure)["layout"]["yaxis"]["ticktext"] == ["fnol-voice-development-…"]
    assert figure.table_rows == ((name, "3"),)


def test_a_name_cannot_leave_its_place():
    name = "</template><script>alert(1)</script>&amp;"
    for figure in (
        figures.stacked_bars(WORDS, DAYS, [(name, [1] * len(DAYS))], **USUAL),
        figures.ranked_bars(WORDS, [(name, 1)], **USUAL),
    ):
        assert not set("<>&") & set(figure.data_json)
    assert drawn(figures.lines(WORDS, DAYS, [(name, [1] * len(DAYS))], **USUAL))["data"][0][
        "name"
    ].startswith("&lt;/template&gt;")


def test_a_heat_table_shades_from_least_to_most_and_has_every_number():
    rows = [[1300] * 24 for _ in range(7)]
    rows[0][18], rows[1][18], rows[6][3] = 5200, 3250, None
    figure = figures.heat_table(WORDS, rows, unit=figures.SECONDS)
    assert [row.name for row in figure.cells] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert figure.table_head[:2] == ("00", "01")
    assert tuple(figure.cells[0].cells[18]) == ("5.2", "5.200 s", "q8")
    assert tuple(figure.cells[1].cells[18])[2] == "q4"
    assert tuple(figure.cells[2].cells[0]) == ("1.3", "1.300 s", "q0")
    assert tuple(figure.cells[6].cells[3]) == ("–", "not known", "")


def test_a_heat_table_of_one_level_has_one_shade_and_counts_stay_whole():
    figure = figures.heat_table(WORDS, [[7] * 24] * 7, unit=figures.REQUESTS)
    assert {cell.css for row in figure.cells for cell in row.cells} == {"q0"}
    assert {cell.text for row in figure.cells for cell in row.cells} == {"7"}


def test_large_levels_of_a_heat_table_are_shortened_in_one_unit():
    rows = [[2_345_678] * 12 + [0] * 12] * 7
    figure = figures.heat_table(WORDS, rows, unit=figures.TOKENS)
    assert (figure.cells[0].cells[0].text, figure.cells[0].cells[12].text) == ("2.3", "0")
    assert plain(figure.cells[0].cells[0].exact) == "2 345 678 tokens"
    assert figure.caption == "M tokens a day"


@pytest.mark.parametrize(
    ("top", "whole", "labels"),
    [
        (204_000_000, True, ["0", "50", "100", "150", "200"]),
        (10.1, False, ["0", "5", "10"]),
        (1.4, False, ["0.0", "0.5", "1.0"]),
        (3, True, ["0", "1", "2", "3"]),
        (1, True, ["0", "1"]),
        (12_000, True, ["0", "5", "10"]),
        (9_000, True, ["0", "2 000", "4 000", "6 000", "8 000"]),
    ],
)
def test_value_ticks_are_round_and_few(top, whole, labels):
    ticks, texts = axes.steps(top, whole=whole)
    assert [plain(text) for text in texts] == labels
    assert ticks[0] == 0 and ticks[-1] <= top * 1.001


@pytest.mark.parametrize(
    ("times", "labels"),
    [
        ([HOURS[0] + timedelta(minutes=m) for m in range(60)], ["16 Nov", "00:10", "00:20"]),
        (HOURS[:24], ["16 Nov", "06:00", "12:00", "18:00"]),
        (HOURS, ["16 Nov", "17 Nov", "18 Nov"]),
        (DAYS[:7], ["1 Nov", "2 Nov", "3 Nov"]),
        ([date(2026, 9, 2) + timedelta(days=n) for n in range(83)], ["14 Sep", "28 Sep", "12 Oct"]),
        ([date(2026, month, 1) for month in (9, 10, 11)], ["Sep 2026", "Oct 2026", "Nov 2026"]),
        (list(range(24)), ["00", "06", "12", "18"]),
        ([DAYS[2]], ["3 Nov"]),
        ([], []),
    ],
)
def test_at_most_seven_times_are_named_and_they_are_round(times, labels):
    places, texts = axes.labels(times)
    assert [plain(text) for text in texts[: len(labels)]] == labels
    assert len(places) == len(texts) <= 7
    assert {axes.position(at) for at in times} >= set(places)


def test_times_of_another_zone_are_drawn_in_utc():
    berlin = timezone(timedelta(hours=1))
    assert axes.position(datetime(2026, 11, 16, 0, 30, tzinfo=berlin)) == "2026-11-15 23:30"
    assert plain(axes.name(datetime(2026, 11, 16, 0, 30, tzinfo=berlin), "Time")) == "15 Nov 23:30"


@pytest.mark.parametrize(
    ("value", "top"), [(6900, 8000), (4600, 5000), (310, 400), (1000, 1000), (0, 1)]
)
def test_a_shared_scale_ends_at_a_round_number(value, top):
    assert figures.round_up(value) == top


def test_plotly_itself_checks_what_is_drawn():
    with pytest.raises(ValueError, match="colour"):
        chart.to_json([{"type": "bar", "colour": "c1"}], {})


def test_plain_lists_are_sent_and_no_template_of_plotly():
    data = drawn(figures.stacked_bars(WORDS, DAYS, constant(9), **USUAL))
    assert "template" not in data["layout"]
    assert all(isinstance(trace[axis], list) for trace in data["data"] for axis in "xy")


def test_unequal_columns_are_a_defect_not_a_crooked_figure():
    with pytest.raises(ValueError, match="zip"):
        figures.lines(WORDS, DAYS, [("a", [1, 2])], **USUAL)
