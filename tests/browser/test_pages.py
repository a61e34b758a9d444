"""Every page, per role, light and dark, wide and narrow: nothing serious, nothing sideways."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from apps.capacity import collectors
from apps.notices import worker as post
from apps.provisioning.models import Resource
from portal import demo
from tests.browser.axe import assert_accessible
from tests.site import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]
PAGES = {
    "alice": [
        "/",
        "/catalogue/",
        "/catalogue/models/gpt-5.1/",
        "/catalogue/residency/",
        "/requests/",
        "/requests/new/model_deployment/?model=gpt-5.1",
        "/resources/",
        "/search?q=claims",
        "/notices/?tab=all",
        "/notices/preferences/",
        "request",
    ],
    "dora": ["/", "/resources/", "resource", "built"],
    "petra": [
        "/",
        "/inbox/",
        "/usage/ingest/",
        "/audit/",
        "/catalogue/residency/",
        "/notices/",
        "/notices/deliveries/?tab=sent",
        "request",
    ],
    "fiona": ["/", "/inbox/"],
    "audra": ["/", "/audit/", "/requests/"],
}


LOOKS = [(width, scheme) for width in (1440, 390) for scheme in ("light", "dark")]


def test_pages_are_accessible_and_fit(sign_in, worker, people):
    collectors.sync_all()
    demo.seed_requests(vars(people))
    mine, theirs = people.alice.requests.get(), people.dora.requests.get()
    until(Resource.objects.filter(request=theirs).exists, seconds=60, what="the build")
    post.tick(now=timezone.now() + timedelta(minutes=2))
    rows = {
        "request": f"/requests/{mine.pk}/",
        "built": f"/requests/{theirs.pk}/",
        "resource": f"/resources/{theirs.resource.pk}/",
    }
    for who, paths in PAGES.items():
        page = sign_in(who)
        for path in paths:
            page.goto(rows.get(path, path))
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            for width, scheme in LOOKS:
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=scheme)
                expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
                assert_accessible(page)
                assert sideways(page) <= 0, f"{page.url} scrolls sideways at {width} px"


def sideways(page):
    root = "document.documentElement"
    return page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")
