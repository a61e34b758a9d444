"""Take the README's screenshots of a running demo.

`python docs/make_screenshots.py URL PASSWORD`, both as `portalctl.py up` prints them.
"""

import os
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
CHOICES = {
    "#f-environment": "prod",
    "#f-data-class": "confidential",
    "#f-region": "swedencentral",
}
WORDS = {
    "#f-purpose": "Answer agents’ questions about policy wording.",
    "#f-capacity": "250",
    "#f-requests-per-day": "4200",
    "#f-input-tokens": "1155",
    "#f-output-tokens": "211",
}


def main(url: str, password: str) -> None:
    """Save what alice sees while she asks, and petra before she decides, 1440 pixels wide."""
    IMAGES.mkdir(exist_ok=True)
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=as_root)
        alice = sign_in(browser, url, "alice", password)
        alice.goto(f"{url}/requests/new/model_deployment/?model=gpt-5.1&version=2025-11-13")
        alice.select_option("#f-workload", label="policy-qa")
        alice.check("input[name=sku][value=DataZoneStandard]")
        for field, value in CHOICES.items():
            alice.select_option(field, value)
        for field, value in WORDS.items():
            alice.fill(field, value)
        alice.press("#f-output-tokens", "Tab")
        save(alice, "request-form")
        alice.goto(f"{url}/usage/")
        save(alice, "usage")
        petra = sign_in(browser, url, "petra", password)
        petra.goto(f"{url}/inbox/")
        petra.click("main table a >> nth=0")
        save(petra, "request")
        browser.close()


def sign_in(browser: Browser, url: str, who: str, password: str) -> Page:
    """Open the portal as one of the demo people."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{url}/account/login/")
    page.fill("input[name=login]", f"{who}@northwind.example")
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{url}/")
    return page


def save(page: Page, name: str) -> None:
    """Let the page come to rest and take its picture."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
