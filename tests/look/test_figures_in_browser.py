"""Figures in a real Chromium: drawn in both themes, accessible, as a table, after a swap."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string

from tests.browser.axe import assert_accessible
from tests.look import figure_samples, samples
from tests.site import until

pytestmark = [pytest.mark.browser, pytest.mark.urls("tests.look.urls")]
ROOT = Path(settings.BASE_DIR)
SOURCE = Path(__file__).with_name("figures_page.html").read_text()
FIGURES = 6
FIRST_BAR = """getComputedStyle(
  document.querySelector('#tokens-plot .bars .point path')).fill"""
INDIGO = {"light": "rgb(58, 79, 208)", "dark": "rgb(147, 162, 255)"}


def drawn(page, theme):
    """Wait for the last figure: they are drawn in the order of the page."""
    page.locator(f"[data-drawn={theme}] .main-svg:first-child").nth(FIGURES - 1).wait_for()


def show(site, theme="light", width=1440):
    site.page.set_viewport_size({"width": width, "height": 844 if width < 992 else 900})
    site.pages["/"] = samples.page(SOURCE, theme=theme, **figure_samples.page_context())
    page = site.open()
    drawn(page, theme)
    return page


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_figure_is_drawn_and_nothing_serious_is_found(site, theme, width):
    page = show(site, theme, width)
    assert page.evaluate(FIRST_BAR) == INDIGO[theme]
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    for svg in page.locator(".p-plot .main-svg").all():
        assert svg.bounding_box()["width"] <= width
    assert_accessible(page)


def test_a_figure_is_named_by_question_and_answer(site):
    page = show(site)
    name = "Who is being throttled? claims-triage-prod takes 93 % of all 429s."
    assert page.get_by_role("figure", name=name).is_visible()
    assert page.get_by_role("img", name=name).is_visible()


def test_a_theme_switch_draws_again_without_a_request(site):
    page = show(site)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("Switch between light and dark").click()
    drawn(page, "dark")
    assert page.evaluate(FIRST_BAR) == INDIGO["dark"]
    assert asked == []


def test_the_same_numbers_are_a_table(site):
    page = show(site)
    button = page.get_by_role("button", name="Show as a table: Which workloads")
    button.click()
    table = page.locator("#tokens-table")
    assert table.is_visible() and not page.locator("#tokens-plot").is_visible()
    assert button.get_attribute("aria-pressed") == "true"
    cells = [
        re.sub(r"\D", "", text)
        for text in table.locator("tbody tr").first.locator("td").all_inner_texts()
    ]
    *parts, total = map(int, cells)
    assert sum(parts) == total > 0
    assert_accessible(page)
    button.click()
    assert page.locator("#tokens-plot").is_visible() and not table.is_visible()


def test_pointing_at_a_bar_tells_exact_numbers(site):
    page = show(site)
    page.locator("#tokens-plot").hover(position={"x": 300, "y": 120})
    hover = page.locator("#tokens-plot .hoverlayer")
    hover.get_by_text("Total").wait_for()
    assert re.search(r"claims-embed : \d{2} \d{3} \d{3} tokens", hover.text_content())


def test_a_figure_fits_its_card_after_the_rail_is_folded(site):
    page = show(site)
    plot = page.locator("#tokens-plot .main-svg").first
    before = plot.bounding_box()["width"]
    page.get_by_label("Toggle navigation").click()
    until(lambda: plot.bounding_box()["width"] > before, seconds=5, what="the wider figure")


SWAP = """{% extends "base.html" %}
{% block head %}{% include "components/figure_assets.html" %}{% endblock %}
{% block content %}<div id="part">{% include "components/figure.html" with figure=f only %}</div>
<a href="/part" hx-get="/part" hx-target="#part">Next</a>{% endblock %}"""


def test_a_swap_is_drawn_too(site):
    site.pages["/"] = samples.page(SWAP, f=figure_samples.tokens())
    swapped = render_to_string("components/figure.html", {"figure": figure_samples.cost()})
    site.answers["/part"] = (200, swapped)
    page = site.open()
    page.locator("#tokens-plot .main-svg").first.wait_for()
    page.get_by_role("link", name="Next").click()
    page.locator("#cost-plot[data-drawn] .main-svg").first.wait_for()
    assert page.locator("#tokens-plot").count() == 0


def test_a_hostile_name_is_text(site):
    hostile = "</template><img src=x onerror=alert(1)>&lt;b&gt;"
    words = figure_samples.figures.Words(id="f", question=hostile, answer=hostile)
    days = figure_samples.DAYS
    figure = figure_samples.figures.stacked_bars(
        words,
        days,
        [(hostile, [1] * len(days)), ("b", [2] * len(days))],
        unit=figure_samples.figures.TOKENS,
    )
    site.pages["/"] = samples.page(SWAP, f=figure)
    page = site.open()
    page.locator("#f-plot .main-svg").first.wait_for()
    page.locator("#f-plot").hover(position={"x": 300, "y": 120})
    hover = page.locator("#f-plot .hoverlayer")
    hover.get_by_text("Total").wait_for()
    assert hostile in hover.text_content()
    assert page.locator("main img").count() == 0


def test_a_page_without_figures_loads_no_plotly(site):
    asked = []
    site.page.on("request", lambda request: asked.append(request.url))
    page = site.open()
    assert not [url for url in asked if "plotly" in url or "figures.js" in url]
    assert page.evaluate("typeof Plotly") == "undefined"


def test_the_period_form_keeps_the_other_filters(site):
    site.pages["/"] = samples.page(SOURCE, **figure_samples.page_context())
    page = site.open("/?q=x")
    page.locator(".p-filters summary").first.click()
    page.get_by_label("From", exact=True).fill("2026-11-01")
    page.get_by_label("To, inclusive").fill("2026-11-10")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**/?q=x&from=2026-11-01&to=2026-11-10")
    assert page.get_by_role("link", name="7 days").get_attribute("href") == "?q=x&period=7d"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_marks_have_the_colours_of_the_page(theme):
    """Compare the template of the figures with the tokens of portal.css."""
    css = (ROOT / "static/portal.css").read_text()
    start = css.index('[data-bs-theme="dark"] {') if theme == "dark" else 0
    token = dict(reversed(re.findall(r"--p-([a-z0-9-]+): ([^;]+);", css[start:])))
    drawn = json.loads((ROOT / "static/plotly_template.json").read_text())[theme]
    assert drawn["layout"]["colorway"] == [token[f"c{number}"] for number in range(1, 9)]
    assert drawn["meta"]["others"] == token["others"]
    assert drawn["layout"]["font"]["color"] == token["ink-2"]
    assert drawn["layout"]["hoverlabel"]["bgcolor"] == token["surface"]
