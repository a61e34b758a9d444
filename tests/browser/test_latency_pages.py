"""Latency, calls and a deployment's traffic: figures draw, nothing serious, nothing sideways."""

import pytest
from playwright.sync_api import expect

from apps.dashboards.panels.calls import url_of
from apps.usage.models import UsageRecord
from tests.browser.axe import assert_accessible
from tests.browser.test_pages import LOOKS, sideways
from tests.dashboards.waiting import built, busy, evening, seed

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]


def test_pages_are_accessible_and_fit(sign_in, people):
    mine, *_ = seed(people, calls=4000, days=40)
    busy(mine, evening())
    silent = built(people, name="claims-silent-prod-with-a-long-name")
    call = UsageRecord.objects.order_by("ts").last()
    page = sign_in("alice")
    for path in (
        "/latency/",
        "/latency/?period=24h",
        "/calls/?period=7d",
        "/calls/?slower_ms=86400000",
        url_of(call),
        f"/resources/{mine.pk}/?day={evening():%Y-%m-%d}",
        f"/resources/{silent.pk}/",
    ):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        figures = page.locator("[data-figure]").count()
        page.wait_for_function(f"document.querySelectorAll('[data-drawn]').length >= {figures}")
        for width, scheme in LOOKS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
            assert_accessible(page)
            assert sideways(page) <= 0, f"{page.url} scrolls sideways at {width} px"


def test_from_a_figure_to_the_calls_to_one_call(sign_in, people):
    seed(people, calls=400)
    page = sign_in("alice", path="/latency/?period=7d")
    page.get_by_role("link", name="The slowest 5 % of calls").click()
    expect(page.get_by_role("heading", level=1, name="Calls")).to_be_visible()
    page.locator("tbody th a").first.click()
    expect(page.get_by_role("heading", name="How is the cost made up?")).to_be_visible()
    expect(page.locator(".p-formula")).to_contain_text("USD")


def test_an_hour_leads_to_its_minutes(sign_in, people):
    mine = built(people)
    busy(mine, evening())
    page = sign_in("alice", path=f"/resources/{mine.pk}/")
    page.get_by_label("Hours with calls").get_by_role("link", name="18:00 15 above").click()
    expect(page.get_by_text("15 of 60 minutes above")).to_be_visible()
    page.get_by_label("The day before").click()
    expect(page.get_by_text("No calls on")).to_be_visible()
