"""The site that the look is tried on."""

import pytest

from apps.kernel import panels
from tests.look.site import Site


@pytest.fixture(autouse=True)
def without_chapters(monkeypatch):
    """The shell on its own, its bell as it looks when something is unread."""
    monkeypatch.setattr(panels, "SLOTS", {})
    panels.register(
        *("top.bell", "sample"),
        order=1,
        selector=lambda _: {"unread": 3, "label": "Notices: 3 unread"},
        template="notices/bell.html",
    )


@pytest.fixture
def site(browser):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    site = Site(context.new_page())
    yield site
    context.close()
    assert site.complaints == []
