"""alice asks, petra approves, the endpoint appears; charlie sees nothing."""

import re

import pytest
from playwright.sync_api import expect

from apps.capacity import collectors

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]


def test_from_the_catalogue_to_the_endpoint(sign_in, worker, site):
    collectors.sync_all()
    alice = sign_in("alice")

    # She looks in the catalogue and starts from a cell of the grid.
    alice.get_by_role("link", name="Catalogue").click()
    alice.get_by_role("link", name="gpt-5.1", exact=True).click()
    expect(alice.get_by_role("heading", level=1)).to_contain_text("gpt-5.1")
    alice.goto(
        "/requests/new/model_deployment/"
        "?model=gpt-5.1&version=2025-11-13&sku=GlobalStandard&region=swedencentral"
    )

    # She fills the form; the estimate follows.
    alice.select_option("#f-workload", label="policy-qa")
    alice.select_option("#f-environment", "prod")
    alice.select_option("#f-data-class", "internal")
    alice.fill("#f-purpose", "Answer questions about policies.")
    alice.fill("#f-capacity", "500")
    alice.fill("#f-requests-per-day", "20000")
    alice.fill("#f-input-tokens", "1155")
    alice.fill("#f-output-tokens", "211")
    alice.press("#f-output-tokens", "Tab")
    expect(alice.locator("main")).to_contain_text("USD a month")
    alice.get_by_role("button", name="Submit request").click()
    alice.wait_for_url(re.compile(r"/requests/\d+/$"))
    expect(alice.get_by_role("heading", level=1)).to_contain_text("In review")
    expect(alice.locator("main")).to_contain_text("Petra Novak")
    address = alice.url

    # Petra reads the what-if and approves.
    petra = sign_in("petra", path="/inbox/")
    petra.get_by_role("link", name=re.compile("policy-qa")).first.click()
    expect(petra.locator("main")).to_contain_text("sku.capacity", timeout=20_000)
    expect(petra.locator("main")).to_contain_text("500")
    petra.get_by_role("button", name=re.compile("^Approve")).first.click()
    petra.locator("dialog[open] button[type=submit]").click()

    # Fiona decides too where the cost asks for it.
    if "Finance" in petra.locator(".p-timeline .is-now").inner_text():
        fiona = sign_in("fiona", path=address)
        fiona.get_by_role("button", name=re.compile("^Approve")).first.click()
        fiona.locator("dialog[open] button[type=submit]").click()

    # The page of alice follows by itself, without reload.
    expect(alice.get_by_role("heading", level=1)).to_contain_text("Done", timeout=40_000)

    # The endpoint and the snippet appear.
    alice.get_by_role("link", name=re.compile("policy-qa-prod")).first.click()
    expect(alice.locator("main")).to_contain_text("/openai/v1")
    expect(alice.locator("main")).to_contain_text("get_bearer_token_provider")
    resource = alice.url

    # Charlie sees nothing.
    charlie = sign_in("charlie")
    for path in (address, resource):
        assert charlie.request.get(path).status == 404
    for path in ("/requests/", "/resources/", "/search?q=policy-qa"):
        charlie.goto(path)
        expect(charlie.locator("main")).not_to_contain_text("policy-qa-prod")
