"""A platform admin splits a pool and adopts what was found in it; the pages fit and read well."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from apps.capacity import services
from apps.capacity.models import Allowance, Finding, Hold, Pool
from apps.teams.models import BusinessUnit, Team
from tests.browser.axe import assert_accessible
from tests.browser.test_pages import LOOKS, sideways
from tests.capacity.pools import Ask, accounts, claim, machines, pool

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def used(people):
    one = pool(1000, used=350)
    pool(2000, region="francecentral")
    pool(300, meter="OpenAI.GlobalStandard.gpt-5-mini", used=300)
    accounts()
    machines(700)
    for number, (slug, amount) in enumerate(
        (("claims", 300), ("underwriting", 150), ("fraud", 80))
    ):
        team = Team.objects.get(slug=slug)
        ask = Ask(
            f"request:{number}",
            [claim(amount)],
            why=f"REQ-{number}: gpt-5.1 Global Standard, {amount} K TPM, swedencentral",
            team=team,
            expected_nano=2_161_860_000_000,
        )
        acts = (services.hold, services.commit, services.mark_built)
        for act in acts[: 3 - number]:
            act(ask)
    now = timezone.now()
    Pool.objects.filter(pk=one.pk).update(synced_at=now)
    Finding.objects.create(pool=one, amount=50, first_seen_at=now, seen_at=now)
    services.set_allowance(
        pool_id=one.pk,
        owner=BusinessUnit.objects.get(slug="insurance"),
        limit=600,
        by=people.petra,
    )
    return one


def test_an_admin_splits_a_pool_and_adopts_what_was_found(sign_in, used):
    page = sign_in("petra", path="/capacity/")
    page.get_by_role("link", name="Explain or adopt").first.click()
    page.get_by_role("button", name="Set an allowance").click()
    dialog = page.get_by_role("dialog", name="Set an allowance")
    dialog.get_by_label("Unit or team").select_option(label="Insurance: Claims Automation")
    dialog.get_by_label("Allowance in K TPM").fill("400")
    dialog.get_by_role("button", name="Set the allowance").click()
    expect(page.get_by_text("The allowance of Claims Automation is 400")).to_be_visible()
    page.get_by_role("button", name="Adopt").click()
    dialog = page.get_by_role("dialog", name="Count it as a team’s")
    dialog.get_by_label("Team").select_option(label="Insurance: Claims Automation")
    dialog.get_by_label("Amount in K TPM").fill("40")
    dialog.get_by_label("What it is").fill("test-joe, made by hand")
    dialog.get_by_role("button", name="Adopt it").click()
    expect(page.get_by_text("It counts as the team’s from now on.")).to_be_visible()
    expect(page.get_by_role("row", name="test-joe, made by hand Petra Novak 40")).to_be_visible()
    assert Allowance.objects.get(team__slug="claims").limit == 400
    assert Hold.objects.get(subject__startswith="finding:").amount == 40


@pytest.mark.parametrize("who", ["petra", "alice"])
def test_pages_are_accessible_and_fit(sign_in, used, who):
    page = sign_in(who)
    for path in ("/capacity/", f"/capacity/pools/{used.pk}/"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        for width, scheme in LOOKS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
            assert_accessible(page)
            assert sideways(page) <= 0, f"{page.url} scrolls sideways at {width} px"
