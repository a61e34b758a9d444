"""Usage and cost on the demo's traffic: figures draw, nothing serious, nothing sideways."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from portal import demo
from tests.browser.axe import assert_accessible
from tests.browser.test_pages import LOOKS, sideways
from tests.dashboards import traffic

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]
PAGES = {
    "petra": ["/usage/?period=24h&by=workload"],
    "alice": ["/usage/", "/usage/?region=mars"],
    "fiona": ["/cost/", "/cost/?bu=insurance&period=30d"],
}


def drawn(page):
    """Wait until every figure of the page is drawn."""
    count = page.locator("[data-figure]").count()
    page.wait_for_function(f"document.querySelectorAll('[data-drawn]').length >= {count}")
    return count


def test_usage_and_cost(sign_in, people):
    until = timezone.now().replace(minute=0, second=0, microsecond=0)
    demo.seed(until)
    for who, paths in PAGES.items():
        page = sign_in(who)
        for path in paths:
            page.goto(path)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            assert drawn(page) or "mars" in path
            for width, scheme in LOOKS:
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=scheme)
                expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
                assert_accessible(page)
                assert sideways(page) <= 0, f"{page.url} scrolls sideways at {width} px"


def test_a_view_is_saved_opened_and_deleted_by_hand(sign_in, people):
    traffic.make(people)
    page = sign_in("alice", path="/usage/?period=7d&by=model")
    drawn(page)
    page.get_by_role("button", name="Save view").click()
    page.get_by_label("Name").fill("Our week by model")
    page.get_by_role("dialog").get_by_role("button", name="Save view").click()
    expect(page.get_by_text("“Our week by model” is saved.")).to_be_visible()
    page.goto("/usage/")
    page.get_by_text("Saved views").click()
    assert_accessible(page)
    page.get_by_role("link", name="Our week by model").click()
    expect(page).to_have_url(re.compile(r"/usage/\?period=7d&by=model$"))
    expect(page.get_by_role("heading", name="By model")).to_be_visible()
    page.get_by_text("Saved views").click()
    page.get_by_role("button", name="Delete the view Our week by model").click()
    expect(page.get_by_text("is deleted.")).to_be_visible()
    expect(page.get_by_text("Saved views")).to_have_count(0)
