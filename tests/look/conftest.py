"""The site that the look is tried on."""

import pytest

from tests.look.site import Site


@pytest.fixture
def site(browser):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    site = Site(context.new_page())
    yield site
    context.close()
    assert site.complaints == []
