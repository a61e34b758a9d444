"""What would stand in the way is said before anybody builds, with what would pass."""

import pytest

from apps.capacity import selectors as capacity
from apps.cloud.client import azure
from apps.provisioning.models import WhatIf
from apps.provisioning.selectors import changes_of, work_of
from tests.provisioning.conftest import METER
from tests.provisioning.test_changes import submitted
from tests.provisioning.test_endings import built

pytestmark = pytest.mark.django_db(transaction=True)


def checks(office, request):
    job = office.until(office.what_if(request))
    assert job.status == "done", job.trouble
    return {one["label"]: one for one in WhatIf.objects.get(request=request).checks}


def test_everything_is_in_order(office):
    request = office.submitted()
    found = checks(office, request)
    assert list(found) == ["Account", "Name", "Quota", "Machines"]
    assert [one["passed"] for one in found.values()] == [True] * 4
    assert "is free" in found["Name"]["sentence"]
    assert "this needs 10" in found["Quota"]["sentence"]
    shown = changes_of(request, office.what_if(request)).checks
    assert {one["tone"] for one in shown} == {"good"}
    office.approve(request)
    job = office.until(office.build(request))
    assert job.status == "done"
    assert "nothing in Azure stands in the way" in job.attempts.get(step="check").sentence


def test_quota_and_machines_are_two_answers(office):
    request = office.submitted()
    office.azure.set_capacity("swedencentral", "GlobalStandard", "gpt-5.1", 4)
    found = checks(office, request)
    assert found["Quota"]["passed"]
    assert not found["Machines"]["passed"]
    assert "can take only 4" in found["Machines"]["sentence"]
    office.approve(request)
    job = office.until(office.build(request))
    request.refresh_from_db()
    assert (job.status, request.status, job.step) == ("refused", "returned", "check")
    assert "another region or deployment type" in request.trouble
    assert capacity.place_of(request.ref) is None


def test_a_change_needs_only_what_is_more(office):
    resource = built(office)
    used = {one.name: one.used for one in azure("prod").usages("swedencentral")}[METER]
    office.azure.set_limit("prod", "swedencentral", METER, limit=used + 5)
    fits = submitted(office, resource, capacity="15")
    found = checks(office, fits)
    assert found["Quota"]["passed"]
    assert "this needs 5" in found["Quota"]["sentence"]
    assert "is changed where it is" in found["Name"]["sentence"]
    office.azure.set_limit("prod", "swedencentral", METER, limit=used + 4)
    office.approve(fits)
    job = office.until(office.build(fits))
    fits.refresh_from_db()
    assert job.status == "refused"
    assert "Ask for 14 or less" in fits.trouble


def test_a_name_that_somebody_took_past_the_portal(office):
    other = built(office)
    request = office.submitted(version="2025-11-13")
    work = work_of(office.what_if(request))
    assert work.name != other.name
    body = {
        "sku": {"name": "GlobalStandard", "capacity": 1},
        "properties": {"model": {"format": "OpenAI", "name": "gpt-5.1", "version": "2025-11-13"}},
    }
    taken = f"{work.place.account_id}/deployments/{work.name}"
    azure("prod")._resources.resources.begin_create_or_update_by_id(
        taken, body, api_version="2025-06-01", polling=False
    )
    office.until_true(lambda: azure("prod").get(taken))
    found = checks(office, request)
    assert not found["Name"]["passed"]
    assert "somebody made past the portal" in found["Name"]["sentence"]
    office.approve(request)
    assert office.until(office.build(request)).status == "refused"


def test_a_deleted_account_of_the_same_name_waits_for_a_person(office):
    first = built(office)
    where = (first.region, first.placement.resource_group, first.placement.name)
    azure("prod")._resources.resources.begin_delete_by_id(
        first.placement.azure_id, api_version="2025-06-01", polling=False
    )
    office.until_true(lambda: azure("prod").deleted_account(*where))
    request = office.submitted(version="2025-11-13")
    found = checks(office, request)
    assert not found["Account"]["passed"]
    assert "not purged" in found["Account"]["sentence"]
    office.approve(request)
    job = office.until(office.build(request))
    request.refresh_from_db()
    assert (job.status, request.status) == ("stuck", "needs_help")
    assert "purge or restore it" in request.trouble
