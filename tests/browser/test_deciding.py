"""Three people decide, one of them for somebody else; a counter-offer is taken with one click."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from apps.approvals.models import Decision
from apps.capacity.selectors import free
from tests.approvals.offices import CHEAP, in_force, one_rule
from tests.browser.axe import assert_accessible
from tests.requests.asks import METER, room, submitted

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]
THREE = one_rule(
    "label: Platform, who: platform, quorum: 2",
    "label: Security, who: security",
)
HERE = {"tier": "prod", "region": "swedencentral", "meter": METER}


def approve(page, row, note):
    page.goto(f"/requests/{row.pk}/")
    page.locator("[data-dialog=approve]").click()
    page.fill("#approve-reason", note)
    page.locator("#approve button[type=submit]").click()
    expect(page.locator("main")).to_contain_text(f"You approved {row.number}")


def test_three_decide_one_of_them_for_somebody_else(sign_in, people):
    in_force(THREE)
    room()
    row = submitted(people.bob, **CHEAP)
    petra = sign_in("petra", path="/delegations/")
    petra.fill("#d-to", "charlie@northwind.example")
    petra.fill("#d-until", (timezone.now().date() + timedelta(days=9)).isoformat())
    petra.fill("#d-note", "On leave.")
    petra.get_by_role("button", name="Let them decide").click()
    expect(petra.locator("main")).to_contain_text("Charlie Roth decides for Petra Novak until")
    assert_accessible(petra)
    charlie = sign_in("charlie", path="/inbox/")
    expect(charlie.locator("main")).to_contain_text("for Petra Novak")
    approve(charlie, row, "For Petra.")
    approve(sign_in("jonas"), row, "Fits.")
    sami = sign_in("sami")
    sami.goto(f"/requests/{row.pk}/")
    expect(sami.locator("#request-side")).to_contain_text("You decide for Security")
    assert_accessible(sami)
    approve(sami, row, "Masked.")
    bob = sign_in("bob", path=f"/requests/{row.pk}/")
    timeline = bob.locator("#request-timeline")
    expect(timeline).to_contain_text("Platform: approved by Charlie Roth for Petra Novak")
    expect(timeline).to_contain_text("Security: approved by Sami Aalto")
    row.refresh_from_db()
    assert row.status in ("approved", "building")
    assert Decision.objects.filter(voice=people.petra, person=people.charlie).exists()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_counter_offer_is_taken_with_one_click(sign_in, people, width):
    in_force(one_rule("label: Platform, who: platform"))
    room()
    row = submitted(people.alice)
    petra = sign_in("petra", path=f"/requests/{row.pk}/", width=width)
    petra.get_by_role("link", name="Offer").click()
    petra.fill("#f-capacity", "300")
    petra.press("#f-capacity", "Tab")
    expect(petra.locator("#offer-changes")).to_contain_text("300")
    petra.fill("#f-note", "Less will do: your peak was 240.")
    assert_accessible(petra)
    petra.get_by_role("button", name="Make this offer").click()
    expect(petra.locator("main")).to_contain_text("Alice Berger has your offer")
    alice = sign_in("alice", path=f"/requests/{row.pk}/", width=width, dark=True)
    expect(alice.locator("#offer")).to_contain_text("Petra Novak offers something else")
    expect(alice.locator("#offer")).to_contain_text("Less will do: your peak was 240.")
    assert_accessible(alice)
    alice.get_by_role("button", name="Accept the offer").click()
    expect(alice.locator("main")).to_contain_text("is now as offered. Building starts now.")
    row.refresh_from_db()
    assert row.payload["capacity"] == 300
    assert (free(**HERE).held, free(**HERE).committed) == (0, 300)
