"""Petra writes a rule, sees what it would have changed, puts it in force; the form shows it."""

import pytest
from playwright.sync_api import expect

from apps.approvals.models import PolicyVersion
from apps.capacity import collectors
from portal import demo
from tests.browser.axe import assert_accessible
from tests.browser.test_pages import LOOKS, sideways

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]
RULE = """
  - id: P-07
    name: Security decides on everything in production
    when: tier == "prod"
    steps:
      - label: Security
        who: securty
"""


def assert_fits(page):
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
        assert_accessible(page)
        assert sideways(page) <= 0, f"{page.url} scrolls sideways at {width} px"


def test_a_rule_from_the_editor_to_the_form(sign_in, people):
    collectors.sync_all()
    demo.seed_requests(vars(people))
    petra = sign_in("petra", path="/policies/")
    assert_fits(petra)
    petra.get_by_role("link", name="Edit").click()
    text = petra.locator("#text")
    text.fill(text.input_value() + RULE)

    petra.get_by_role("button", name="Check").click()
    expect(petra.locator("#problems")).to_contain_text("“who” cannot be “securty”.")
    expect(petra.locator("#problems")).to_be_focused()
    line = petra.locator("#problems a").inner_text().split()[1]
    petra.locator("#problems a").click()
    expect(petra.locator(f"#L{line}")).to_be_in_viewport()
    assert_fits(petra)
    numbers, written = (
        petra.locator(f".p-editor {one}").bounding_box() for one in ("ol", "textarea")
    )
    assert abs(numbers["height"] - written["height"]) < 2, "the numbers stand beside their lines"

    text.fill(text.input_value().replace("securty", "security"))
    petra.get_by_role("button", name="Compare and preview").click()
    preview = petra.get_by_role("region", name="What would have gone another way")
    expect(preview).to_contain_text("2 of the last 3 submitted requests")
    expect(preview.get_by_role("row", name="policy-qa-prod")).to_contain_text(
        "Platform and Security"
    )
    expect(petra.locator("tr.add")).to_have_count(7)
    assert_fits(petra)

    petra.get_by_role("button", name="Put in force").click()
    assert not PolicyVersion.objects.exists(), "the browser asks for the note first"
    petra.get_by_label("What changes, and why").fill("Security wants to see production.")
    petra.get_by_role("button", name="Put in force").click()
    expect(petra.locator("main")).to_contain_text("Version 1 of the approval policies is in force.")
    petra.get_by_role("link", name="Version 1").last.click()
    expect(petra.get_by_role("heading", level=1)).to_contain_text("version 1")
    assert_fits(petra)

    alice = sign_in("alice", path="/requests/new/model_deployment/?environment=prod")
    decides = alice.get_by_role("region", name="Who decides")
    expect(decides).to_contain_text("P-07 Security")
    expect(decides).to_contain_text("as the tier is prod")
