"""A lead ends a deployment by its name, changes her mind, and has it back; then lets it go."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import expect

from apps.access import services as access
from apps.access.models import Grant
from apps.capacity.models import Subscription
from apps.provisioning import tasks
from apps.provisioning.models import Job, Resource
from apps.requests.models import ResourceRequest
from portal.demo import payload
from tests.access.test_access import done
from tests.browser.axe import findings
from tests.provisioning.test_pages import built
from tests.requests.asks import room

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]


def mine(people):
    """Something of alice's team as a worker leaves it; the sandbox has never seen it."""
    room()
    Subscription.objects.update(azure_id=settings.AZURE_SUBSCRIPTIONS["prod"])
    (resource,) = built(people)
    resource.azure_id = f"{resource.placement.azure_id}/deployments/{resource.name}"
    resource.save()
    asked = {**payload("claims-triage"), "capacity": 500, "requests_per_day": 20000}
    ResourceRequest.objects.update(payload={**asked, "input_tokens": 1155, "output_tokens": 211})
    access.open_grant(done(resource))
    return Resource.objects.get()


def test_decommission_and_restore(sign_in, people, site):
    resource = mine(people)
    alice = sign_in("alice", path=f"/resources/{resource.pk}/")
    alice.get_by_role("button", name="Decommission").click()
    ask = alice.locator("dialog[open] button[type=submit]")
    expect(ask).to_be_disabled()
    alice.fill("#decommission-typed", resource.name[:-1])
    expect(ask).to_be_disabled()
    alice.fill("#decommission-typed", resource.name)
    alice.fill("#decommission-reason", "The experiment is over.")
    ask.click()
    alice.wait_for_url(re.compile(r"/requests/\d+/$"))
    expect(alice.locator("main")).to_contain_text("nobody may call it any more")
    expect(alice.locator("main")).to_contain_text("The experiment is over.")

    if "Approved" not in alice.locator("h1").inner_text():
        petra = sign_in("petra", path=alice.url)
        petra.get_by_role("button", name=re.compile("^Approve")).first.click()
        petra.locator("dialog[open] button[type=submit]").click()
    expect(alice.locator("#request-timeline")).to_contain_text("Recycle period", timeout=15_000)
    assert not Grant.objects.filter(resource=resource, to_at=None).exists()

    for width in (1440, 390):
        page = sign_in("alice", path=f"/resources/{resource.pk}/", width=width)
        expect(page.locator("h1")).to_contain_text("Retiring")
        expect(page.locator("main")).to_contain_text("Until then Restore brings it back")
        assert findings(page) == []
    page.get_by_role("button", name="Restore").click()
    expect(page.locator("h1")).to_contain_text("Live")
    expect(page.locator("main")).to_contain_text("is live again, and so is the way in")
    assert Grant.objects.filter(resource=resource, to_at=None).count() == 1
    assert Job.objects.get(purpose="delete").status == "cancelled"
    expect(page.get_by_role("button", name="Decommission")).to_be_visible()


def test_let_go_for_good(sign_in, people, worker):
    resource = mine(people)
    alice = sign_in("alice", path=f"/resources/{resource.pk}/")
    alice.get_by_role("button", name="Decommission").click()
    alice.fill("#decommission-typed", resource.name)
    alice.locator("dialog[open] button[type=submit]").click()
    alice.wait_for_url(re.compile(r"/requests/\d+/$"))
    if "Approved" not in alice.locator("h1").inner_text():
        petra = sign_in("petra", path=alice.url)
        petra.get_by_role("button", name=re.compile("^Approve")).first.click()
        petra.locator("dialog[open] button[type=submit]").click()
    expect(alice.locator("#request-timeline")).to_contain_text("Recycle period", timeout=15_000)
    over = timezone.now() - timedelta(minutes=1)  # the week is over, and the sweep finds it
    Job.objects.filter(purpose="delete").update(due_at=over)
    tasks.sweep()
    expect(alice.locator("#request-timeline")).to_contain_text("Deleted and purged", timeout=40_000)
    assert Resource.objects.get().status == "retired"
    alice.goto(f"/resources/{resource.pk}/")
    expect(alice.locator("main")).to_contain_text("It is deleted in Azure")
    expect(alice.get_by_role("button", name="Decommission")).to_have_count(0)


def test_change_in_the_form(sign_in, people):
    resource = mine(people)
    alice = sign_in("alice", path=f"/resources/{resource.pk}/")
    alice.get_by_role("button", name="Change").click()
    alice.wait_for_url(re.compile(r"/requests/\d+/edit/$"))
    expect(alice.locator("#f-model")).to_be_disabled()
    expect(alice.locator("main")).to_contain_text("Another model is another deployment")
    expect(alice.locator("main")).to_contain_text("Nothing differs from what is built yet")
    alice.fill("#f-capacity", "400")
    alice.press("#f-capacity", "Tab")
    expect(alice.locator(".p-diff")).to_contain_text("400", timeout=15_000)
    expect(alice.locator("main")).to_contain_text("name and endpoint stay")
    assert findings(alice) == []
