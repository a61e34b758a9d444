"""Sparklines, range bars and the kept filters: whole numbers or none, nothing made up."""

import pytest
from django.template import engines
from django.test import RequestFactory

from apps.kernel.formats import NBSP
from apps.kernel.templatetags import charts


def points(line):
    return [tuple(map(float, pair.split(","))) for pair in line.split()]


def test_a_sparkline_goes_from_its_least_to_its_most():
    (line,) = charts.sparkline([10, 20, 15])["lines"]
    assert points(line) == [(0, 26), (36, 2), (72, 14)]


def test_what_is_unknown_is_a_gap():
    first, second = charts.sparkline([1, 2, None, 2, 3])["lines"]
    assert points(first)[-1][0] == 18
    assert points(second)[0][0] == 54


def test_a_level_line_stands_in_the_middle():
    (line,) = charts.sparkline([0, 0, 0])["lines"]
    assert {y for _, y in points(line)} == {14}


@pytest.mark.parametrize("values", [[], [None], [3], [None, 3, None]])
def test_too_little_is_no_line(values):
    assert charts.sparkline(values)["lines"] == []


def test_a_range_bar_starts_at_the_median_and_says_its_numbers():
    drawn = charts.range_bar("claims", 1300, 2900, 4600, 8000)
    assert (drawn["start"], drawn["to_p95"], drawn["to_p99"]) == ("16.25%", "20.00%", "41.25%")
    assert drawn["label"].replace(NBSP, " ") == "claims: p50 1.3 s, p95 2.9 s, p99 4.6 s"


def test_a_range_bar_ends_at_its_scale():
    drawn = charts.range_bar("claims", 1000, 9000, 12_000, 8000)
    assert (drawn["to_p95"], drawn["to_p99"]) == ("87.50%", "87.50%")


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_range_with_a_percentile_unknown_is_a_dash(missing):
    values = [1300, 2900, 4600]
    values[missing] = None
    html = engines["django"].from_string("{% range_bar 'a' a b c 8000 %}")
    assert html.render(dict(zip("abc", values, strict=True))).strip() == "–"


def test_a_form_keeps_the_other_filters():
    request = RequestFactory().get("/?team=a&team=b%22&period=7d&cursor=x&from=2026-11-01")
    html = engines["django"].from_string("{% kept_query 'period' 'from' 'to' 'cursor' %}")
    assert html.render({}, request) == (
        '<input type="hidden" name="team" value="a">'
        '<input type="hidden" name="team" value="b&quot;">'
    )
