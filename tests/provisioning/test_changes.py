"""Change what is built: where it is if Azure can, anew beside it if not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.access.models import Grant
from apps.capacity import selectors as capacity
from apps.cloud.client import azure
from apps.kernel.errors import ConflictError, InvalidError
from apps.provisioning import services
from apps.provisioning.models import Job, Resource, WhatIf
from apps.requests import services as requests
from tests.capacity import pools
from tests.provisioning.conftest import METER
from tests.provisioning.test_endings import built

pytestmark = pytest.mark.django_db(transaction=True)


def drafted(office, resource, **changes):
    draft = services.begin_change(resource=resource, by=office.people.alice)
    return requests.save_draft(
        kind=draft.kind,
        payload={**draft.payload, **changes},
        request=draft,
        by=office.people.alice,
    )


def submitted(office, resource, **changes):
    draft = drafted(office, resource, **changes)
    return requests.submit_request(request=draft, by=office.people.alice)


def changed(office, resource, **changes):
    """A change that was approved and carried out."""
    request = submitted(office, resource, **changes)
    office.approve(request)
    job = office.until(office.build(request))
    assert job.status == "done", job.trouble
    request.refresh_from_db()
    resource.refresh_from_db()
    return request


def holds(region="swedencentral"):
    return capacity.free(tier="prod", region=region, meter=METER).built


def test_more_capacity_where_it_is(office):
    resource = built(office)
    first, before = resource.request, (resource.pk, resource.name, resource.azure_id)
    request = changed(office, resource, capacity="25")
    assert request.title == "Change to gpt-5.1 Global Standard, 25\u00a0K\u00a0TPM, swedencentral"
    assert (resource.pk, resource.name, resource.azure_id) == before
    assert (resource.facts["capacity"], resource.request) == (25, request)
    assert azure("prod").get(resource.azure_id)["sku"]["capacity"] == 25
    assert office.puts(f"/deploymentStacks/req-{first.pk}") == 2  # the same stack, updated
    assert office.puts(f"/deploymentStacks/req-{request.pk}") == 0
    assert Resource.objects.count() == 1
    assert holds() == 25
    assert capacity.place_of(request.ref).placement == resource.placement
    assert capacity.place_of(first.ref) is None
    assert Grant.objects.filter(resource=resource, to_at=None).count() == 1


def test_less_capacity_gives_the_rest_back_once_it_is_built(office):
    resource = built(office)
    request = submitted(office, resource, capacity="4")
    assert holds() == 10
    office.approve(request)
    office.until(office.build(request))
    assert holds() == 4


def test_another_type_is_built_beside_it_under_a_name_of_its_own(office):
    pools.pool(100, meter="OpenAI.DataZoneStandard.gpt-5.1")
    resource = built(office)
    request = submitted(office, resource, sku="DataZoneStandard")
    office.approve(request)
    assert office.until(office.build(request)).status == "done"
    new = Resource.objects.get(request=request)
    assert new.placement == resource.placement
    assert new.name == f"{resource.name}-{request.pk}"
    assert new.facts["sku"] == "DataZoneStandard"
    resource.refresh_from_db()
    assert resource.status == "retiring"


def test_another_region_is_built_beside_it_and_the_old_one_goes(office):
    resource = built(office, environment="test", region="francecentral")
    request = submitted(office, resource, region="polandcentral")
    office.approve(request)
    job = office.until(office.build(request))
    assert job.status == "done", job.trouble
    request.refresh_from_db()
    resource.refresh_from_db()
    new = Resource.objects.get(request=request)
    assert (new.region, new.status, request.status) == ("polandcentral", "live", "done")
    assert new.expires_on == resource.expires_on
    assert azure("nonprod").get(new.azure_id)
    assert azure("nonprod").get(resource.azure_id)
    assert Grant.objects.filter(resource=new, to_at=None).count() == 1
    old = Grant.objects.get(resource=resource)
    assert old.to_at > timezone.now() + timedelta(hours=23)  # its callers have a day to move
    deletion = Job.objects.get(resource=resource, purpose="delete")
    assert (resource.status, deletion.request) == ("retiring", request)
    assert not deletion.carries_request

    assert office.until(deletion).status == "done"
    resource.refresh_from_db()
    request.refresh_from_db()
    assert (resource.status, request.status) == ("retired", "done")
    assert azure("nonprod").get(resource.azure_id) is None
    assert azure("nonprod").get(new.azure_id)
    where = {"tier": "nonprod", "meter": METER}
    assert capacity.free(**where, region="francecentral").built == 0
    assert capacity.free(**where, region="polandcentral").built == 10


def test_what_cannot_change_says_why(office):
    resource = built(office)
    for name, value in (("model", "gpt-5-mini"), ("environment", "test")):
        draft = drafted(office, resource, **{name: value})
        with pytest.raises(InvalidError) as refused:
            requests.submit_request(request=draft, by=office.people.alice)
        assert "ask for a new one" in refused.value.fields[name]
        drafted(office, resource, **{name: resource.request.payload[name]})


def test_a_change_that_changes_nothing_is_not_submitted(office):
    resource = built(office)
    with pytest.raises(ConflictError, match="Nothing differs"):
        submitted(office, resource)


def test_more_than_is_free_is_refused_and_its_own_counts_as_free(office):
    resource = built(office)
    pool = capacity.free(tier="prod", region="swedencentral", meter=METER)
    with pytest.raises(InvalidError, match="free in swedencentral"):
        submitted(office, resource, capacity=str(pool.free + 11))
    assert submitted(office, resource, capacity=str(pool.free + 10)).submitted_at


def test_a_change_of_what_changed_meanwhile_is_begun_again(office):
    resource = built(office)
    stale = services.begin_change(resource=resource, by=office.people.bob)
    changed(office, resource, capacity="12")
    requests.save_draft(
        kind=stale.kind,
        payload={**stale.payload, "capacity": "14"},
        request=stale,
        by=office.people.bob,
    )
    with pytest.raises(ConflictError, match="has been changed by REQ-"):
        requests.submit_request(request=stale, by=office.people.bob)


def test_ones_own_draft_goes_on(office):
    resource = built(office)
    draft = drafted(office, resource, capacity="11")
    again = services.begin_change(resource=resource, by=office.people.alice)
    assert (again.pk, again.payload["capacity"]) == (draft.pk, "11")
    other = services.begin_change(resource=resource, by=office.people.bob)
    assert other.pk != draft.pk


def test_a_withdrawn_change_leaves_what_is_built(office):
    resource = built(office)
    request = submitted(office, resource, capacity="25")
    requests.withdraw_request(request=request, by=office.people.alice)
    pool = capacity.free(tier="prod", region="swedencentral", meter=METER)
    assert (pool.built, pool.held) == (10, 0)


def test_retired_while_the_change_waited(office):
    resource = built(office)
    request = submitted(office, resource, capacity="25")
    services.retire(resource=resource, request=resource.request, by=office.people.petra)
    office.approve(request)
    job = office.until(office.build(request))
    request.refresh_from_db()
    assert (job.status, request.status) == ("refused", "returned")
    assert "Retiring" in request.trouble or "retiring" in request.trouble


def test_the_what_if_shows_old_and_new(office):
    resource = built(office)
    request = submitted(office, resource, capacity="25")
    office.until(office.what_if(request))
    (change,) = [
        one for one in WhatIf.objects.get(request=request).changes if one["kind"] == "modify"
    ]
    assert {"before": 10, "after": 25}.items() <= next(
        one for one in change["changes"] if one["path"] == "sku.capacity"
    ).items()


def test_the_page_says_old_new_and_price(office, client_of):
    resource = built(office)
    client = client_of(office.people.alice)
    began = client.post(f"/resources/{resource.pk}/change/")
    form = client.get(began["Location"]).content.decode()
    assert "Another model is another deployment" in form
    assert "disabled" in form
    assert "Nothing differs from what is built yet" in form
    request = submitted(office, resource, capacity="25")
    page = client.get(f"/requests/{request.pk}/").content.decode()
    assert "<s>10</s> → <ins>25</ins>" in page
    assert "name and endpoint stay" in page
    moves = client.get(f"/api/requests/{request.pk}/").json()
    assert (moves["act"], moves["about"]) == ("change", resource.ref)
    (field,) = moves["compared"]["changes"]
    assert (field["name"], field["before"], field["after"]) == ("capacity", "10", "25")
    assert moves["compared"]["in_place"]
