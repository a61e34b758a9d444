"""The form of a request keeps up with quick hands and slow answers."""

import re
import time

import pytest
from playwright.sync_api import expect

from apps.requests.models import ResourceRequest
from tests.browser.axe import assert_accessible
from tests.requests.asks import room

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]
NEW = "/requests/new/model_deployment/?model=gpt-5.1&sku=GlobalStandard&region=swedencentral"
TYPED = {
    "#f-purpose": "Sort incoming claims by urgency.",
    "#f-capacity": "400",
    "#f-requests-per-day": "4 200",
    "#f-input-tokens": "1155",
    "#f-output-tokens": "211",
}


def slow(route):
    time.sleep(0.7)
    route.continue_()


def fill(page):
    page.select_option("#f-workload", label="claims-triage")
    page.select_option("#f-environment", "prod")
    page.select_option("#f-data-class", "internal")
    for field, text in TYPED.items():
        page.fill(field, text)


@pytest.mark.parametrize("wait", [False, True], ids=["quick", "slow server"])
def test_nothing_typed_is_lost(sign_in, wait):
    room()
    page = sign_in("alice", path=NEW)
    if wait:
        page.route("**/form/", slow)
    fill(page)
    page.press("#f-output-tokens", "Tab")
    expect(page.locator("main")).to_contain_text("USD a month, expected", timeout=15_000)
    for field, text in TYPED.items():
        expect(page.locator(field)).to_have_value(text)
    expect(page.locator("[data-draft-state]")).to_contain_text("saved", timeout=15_000)
    page.wait_for_url(re.compile(r"/requests/\d+/edit/$"))
    expect(page.locator(".p-error")).to_have_count(0)
    row = ResourceRequest.objects.get()
    assert row.payload["purpose"] == TYPED["#f-purpose"]
    page.reload()
    expect(page.locator("#f-capacity")).to_have_value("400")
    page.get_by_role("button", name="Submit request").click()
    page.wait_for_url(re.compile(r"/requests/\d+/$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("In review")
    row.refresh_from_db()
    assert (row.payload["capacity"], row.payload["requests_per_day"]) == (400, 4200)


def test_submit_at_once_makes_one_request(sign_in):
    room()
    page = sign_in("alice", path=NEW)
    fill(page)
    page.get_by_role("button", name="Submit request").click()
    page.wait_for_url(re.compile(r"/requests/\d+/$"))
    assert ResourceRequest.objects.get().status == "in_review"


def test_one_click_takes_an_alternative(sign_in):
    room()
    page = sign_in("alice", path=NEW)
    fill(page)
    page.fill("#f-capacity", "1500")
    page.press("#f-capacity", "Tab")
    expect(page.locator(".p-error")).to_contain_text("are free in swedencentral")
    assert_accessible(page)
    page.locator("button.p-alt", has_text="francecentral").click()
    expect(page.locator("#f-region")).to_have_value("francecentral")
    expect(page.locator(".p-error")).to_have_count(0)
    expect(page.locator("#f-capacity")).to_have_value("1500")


def test_a_choice_that_becomes_forbidden_stays_and_says_why(sign_in):
    room()
    page = sign_in("alice", path=NEW)
    fill(page)
    page.select_option("#f-data-class", "confidential")
    error = page.locator("#f-sku-error")
    expect(error).to_contain_text("Data Zone Standard would pass.")
    expect(page.locator("input[name=sku][value=GlobalStandard]")).to_be_checked()
    page.locator("label.p-choice", has_text="Data Zone Standard").click()
    expect(error).to_have_count(0)


def test_the_form_by_keyboard_alone(sign_in):
    room()
    page = sign_in("alice", path=NEW)
    page.focus("#f-purpose")
    page.keyboard.type("Sort claims.", delay=15)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.wait_for_timeout(900)
    assert page.evaluate("document.activeElement.id") == "f-version"
    expect(page.locator("#f-purpose")).to_have_value("Sort claims.")
