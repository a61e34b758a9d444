"""Take the README's screenshots of a running demo: `python docs/make_screenshots.py URL`."""

import os
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from portal.demo import PASSWORD

IMAGES = Path(__file__).parent / "images"
SHOTS = (
    ("alice", "request-form", "/requests/new/model_deployment/?model=gpt-5.1"),
    ("petra", "request", "/inbox/"),
)


def main(url: str) -> None:
    """Sign in as each person and save what they see, 1440 pixels wide."""
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=as_root)
        for who, name, path in SHOTS:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{url}/account/login/")
            page.fill("input[name=login]", f"{who}@northwind.example")
            page.fill("input[name=password]", PASSWORD)
            page.press("input[name=password]", "Enter")
            page.wait_for_url(f"{url}/")
            page.goto(f"{url}{path}")
            if name == "request":
                page.click("main table a >> nth=0")
                page.wait_for_selector("h1")
            page.wait_for_timeout(800)
            IMAGES.mkdir(exist_ok=True)
            page.screenshot(path=IMAGES / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
