"""A real site, a real worker, a real browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from portal.demo import PASSWORD
from tests.site import start_site, start_worker


@pytest.fixture
def site(transactional_db: None, people: Any, sandbox: Any, tmp_path: Any) -> Iterator[str]:
    """The address of gunicorn on the test's database, with the demo people in it."""
    started = start_site(tmp_path)
    yield started.url
    started.stop()
    if os.environ.get("PORTAL_KEEP_LOGS"):
        shutil.copy(started.log, os.environ["PORTAL_KEEP_LOGS"])


@pytest.fixture
def worker(site: str, tmp_path: Any) -> Iterator[None]:
    started = start_worker(tmp_path)
    yield
    started.stop()


@pytest.fixture
def sign_in(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Open a page as somebody, in a browser of their own; console errors fail the test."""
    contexts, complaints = [], []

    def open_as(who: str, *, path: str = "/", width: int = 1440, dark: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            base_url=site,
        )
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda m: complaints.append(f"{page.url}: {m.text}") if m.type == "error" else None,
        )
        page.on("pageerror", lambda e: complaints.append(f"{page.url}: {e}"))
        page.goto("/account/login/")
        page.fill("input[name=login]", f"{who}@northwind.example")
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(f"{site}/")
        if path != "/":
            page.goto(path)
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert complaints == []
