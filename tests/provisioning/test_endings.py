"""Decommission: access ends at once, a week to change one's mind, then deleted and purged."""

import json
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.access.models import Grant
from apps.capacity import selectors as capacity
from apps.cloud.client import azure
from apps.kernel.errors import ConflictError, InvalidError, NotAllowedError
from apps.kernel.events import ListenerDefectError
from apps.provisioning import services, worker
from apps.provisioning.models import Job, Resource
from apps.provisioning.provisioner import PROVISIONERS
from apps.provisioning.selectors import work_of
from apps.requests import services as requests
from apps.requests.models import ResourceRequest
from tests.crash import connection_ends_before
from tests.provisioning.conftest import METER
from tests.race import at_once
from tests.sandbox import check_requests

LATER = timedelta(minutes=5)
pytestmark = pytest.mark.django_db(transaction=True)


def built(office, **changes):
    request = office.approved(**changes)
    job = office.until(office.build(request))
    assert job.status == "done", job.trouble
    return Resource.objects.get(request=request)


def asked(office, resource):
    return services.ask_decommission(resource=resource, typed=resource.name, by=office.people.alice)


def retiring(office, **changes):
    """A resource whose decommission was approved; returns it with its request and job."""
    resource = built(office, **changes)
    request = asked(office, resource)
    office.approve(request)
    resource.refresh_from_db()
    return resource, request, Job.objects.get(resource=resource, purpose="delete")


def held(resource):
    return capacity.free(tier="prod", region="swedencentral", meter=METER).built


def test_decommission_from_the_name_to_the_purge(office):
    resource, request, job = retiring(office)
    group, stack = resource.placement.resource_group, f"req-{resource.request_id}"
    assert (resource.status, request.status, job.status) == ("retiring", "approved", "queued")
    assert job.due_at == resource.recycle_until
    assert timedelta(days=6, hours=23) < job.due_at - timezone.now() <= timedelta(days=7)
    assert not Grant.objects.filter(resource=resource, to_at=None).exists()
    assert job.pk not in worker.sweep(now=timezone.now())  # nobody is nudged for a week
    assert not worker.advance_job(job.pk, now=timezone.now())
    assert held(resource) == 10  # Azure counts it until the purge

    job = office.until(job)
    assert job.status == "done", job.trouble
    resource.refresh_from_db()
    request.refresh_from_db()
    assert (resource.status, request.status) == ("retired", "done")
    assert azure("prod").get(resource.azure_id) is None
    assert azure("prod").stack(group, stack) is None
    assert held(resource) == 0
    assert capacity.place_of(resource.request.ref) is None
    assert [a.step for a in job.attempts.order_by("id")] == ["look", "remove", "purge"]
    assert "Only" in job.attempts.get(step="look").sentence
    account = azure("prod").get(resource.placement.azure_id)
    assert account["properties"]["provisioningState"] == "Succeeded"  # it is the platform's


def test_the_name_has_to_be_typed(office):
    resource = built(office)
    with pytest.raises(InvalidError, match=f"Type {resource.name}"):
        services.ask_decommission(resource=resource, typed="claims", by=office.people.alice)
    assert not ResourceRequest.objects.filter(act="decommission").exists()


def test_only_those_who_ask_for_the_team_may(office):
    resource = built(office)
    for who in (office.people.charlie, office.people.petra, office.people.audra):
        with pytest.raises(NotAllowedError):
            services.ask_decommission(resource=resource, typed=resource.name, by=who)
        with pytest.raises(NotAllowedError):
            services.restore(resource=resource, by=who)


def test_restored_in_time_nothing_is_lost(office):
    resource, request, job = retiring(office)
    services.restore(resource=resource, by=office.people.bob)
    for row in (resource, request, job):
        row.refresh_from_db()
    assert (resource.status, resource.recycle_until) == ("live", None)
    assert (request.status, job.status) == ("withdrawn", "cancelled")
    assert Grant.objects.get(resource=resource, to_at=None).workload == resource.workload
    assert Grant.objects.filter(resource=resource).count() == 2  # a gap lies between
    assert held(resource) == 10
    assert not worker.advance_job(job.pk, now=timezone.now() + timedelta(days=8))
    with pytest.raises(ConflictError, match="nothing to restore"):
        services.restore(resource=resource, by=office.people.bob)
    again = asked(office, resource)  # and it can be asked for again
    assert again.status in ("in_review", "approved")


def test_too_late_to_restore_once_the_deletion_has_begun(office):
    resource, _, job = retiring(office)
    office.step(job)
    with pytest.raises(ConflictError, match="has begun"):
        services.restore(resource=resource, by=office.people.alice)
    assert office.until(job).status == "done"
    with pytest.raises(ConflictError, match="can no longer be restored"):
        services.restore(resource=resource, by=office.people.alice)


def test_of_restore_and_purge_at_once_one_wins(office):
    for _ in range(3):
        resource, request, job = retiring(office)
        late = timezone.now() + timedelta(days=8)
        done, restored = at_once(
            [
                lambda job=job, late=late: worker.claim(job.pk, now=late),
                lambda one=resource: services.restore(resource=one, by=office.people.alice),
            ]
        )
        resource.refresh_from_db()
        job.refresh_from_db()
        request.refresh_from_db()
        if isinstance(restored, Resource):
            assert done is None
            assert (resource.status, job.status, request.status) == (
                *("live", "cancelled"),
                "withdrawn",
            )
        else:
            assert isinstance(restored, ConflictError)
            assert (resource.status, job.status, request.status) == (
                *("retiring", "working"),
                "building",
            )


def test_one_act_about_a_resource_at_a_time(office):
    resource = built(office)
    draft = services.begin_change(resource=resource, by=office.people.alice)
    larger = {**draft.payload, "capacity": "12"}
    requests.save_draft(kind=draft.kind, payload=larger, request=draft, by=office.people.alice)
    first = requests.submit_request(request=draft, by=office.people.alice)
    for ask in (services.begin_change, services.ask_renewal):
        with pytest.raises(ConflictError, match=f"{first.number} about it is in review"):
            ask(resource=resource, by=office.people.bob)
    requests.withdraw_request(request=first, by=office.people.alice)
    outcomes = at_once([lambda: asked(office, resource) for _ in range(4)])
    won = [one for one in outcomes if isinstance(one, ResourceRequest)]
    assert len(won) == 1
    assert all(isinstance(one, ConflictError) for one in outcomes if one not in won)


def test_a_stack_that_manages_more_is_left_alone(office):
    """Somebody put a second deployment into the stack by hand; deleting it would take both."""
    resource, request, job = retiring(office)
    template, parameters = PROVISIONERS.get(resource.kind).template(work_of(job))
    second = {
        **template["resources"][0],
        "name": f"{resource.placement.name}/by-hand",
        "dependsOn": [resource.azure_id],
    }
    both = {**template, "resources": [*template["resources"], second]}
    where = (resource.placement.resource_group, f"req-{resource.request_id}")
    azure("prod").begin_stack(*where, both, parameters, tags={})
    managed = lambda: azure("prod").stack(*where)["properties"].get("resources", [])  # noqa: E731
    office.until_true(lambda: len(managed()) == 2)
    job = office.until(job)
    assert job.status == "stuck"
    assert f"manages more than {resource.name}" in job.trouble
    assert "by-hand would go with it" in job.trouble
    request.refresh_from_db()
    assert request.status == "needs_help"
    assert azure("prod").get(resource.azure_id)
    assert held(resource) == 10


def test_an_account_deleted_by_hand_keeps_the_quota_until_it_is_purged(office):
    resource, _, job = retiring(office)
    by_hand = azure("prod")._resources.resources
    by_hand.begin_delete_by_id(resource.placement.azure_id, api_version="2025-06-01", polling=False)
    place = resource.placement
    where = (place.region, place.resource_group, place.name)
    office.until_true(lambda: azure("prod").deleted_account(*where))
    job = office.until(job)
    assert job.status == "done", job.trouble
    assert azure("prod").deleted_account(*where) is None
    assert held(resource) == 0


def test_not_purged_where_others_could_be_restored_with_it(office):
    other = built(office)
    resource, _, job = retiring(office, version="2025-11-13")
    assert other.placement == resource.placement
    by_hand = azure("prod")._resources.resources
    by_hand.begin_delete_by_id(resource.placement.azure_id, api_version="2025-06-01", polling=False)
    place = resource.placement
    where = (place.region, place.resource_group, place.name)
    office.until_true(lambda: azure("prod").deleted_account(*where))
    job = office.until(job)
    assert job.status == "stuck"
    assert "with 1 other live deployments" in job.trouble
    assert azure("prod").deleted_account(*where)
    assert held(resource) == 20


def test_what_the_sandbox_never_knew_is_gone_at_once(office):
    """Demo deployments, or what somebody removed by hand."""
    resource, _, job = retiring(office)
    Resource.objects.filter(pk=resource.pk).update(
        azure_id=resource.azure_id + "x", stack_id=resource.stack_id + "x"
    )
    job = office.until(job)
    assert job.status == "done"


def test_a_lock_waits_for_a_person(office):
    resource, request, job = retiring(office)
    office.azure.fault("DELETE .*/deploymentStacks/req-", code="ScopeLocked")
    job = office.until(job)
    request.refresh_from_db()
    assert (job.status, request.status) == ("stuck", "needs_help")
    with pytest.raises(ConflictError, match="has begun"):
        services.restore(resource=resource, by=office.people.alice)
    with pytest.raises(ConflictError, match="Only a build is given up"):
        services.give_up(job=job, reason="No.", by=office.people.petra)
    services.retry_job(job=job, by=office.people.petra)
    assert office.until(job).status == "done"
    request.refresh_from_db()
    assert request.status == "done"


@pytest.mark.slow
def test_a_crash_before_any_statement_loses_nothing(office):
    """Ask, approve, retire and close the ways in are all of it or nothing.

    By the policies nobody is asked, so all of it is one transaction.
    """
    resource = built(office)
    n = 0
    while True:
        n += 3
        with (
            connection_ends_before(n) as crash,
            suppress(*crash.errors, ListenerDefectError),
        ):
            asked(office, resource)
        connection.close()
        resource.refresh_from_db()
        if not crash.happened or resource.status == "retiring":
            break  # the crash came after the commit, or not at all
        assert resource.status == "live"
        assert not ResourceRequest.objects.filter(act="decommission").exists()
        assert not Job.objects.filter(purpose="delete").exists()
        assert Grant.objects.filter(resource=resource, to_at=None).count() == 1
    assert n > 30
    request = ResourceRequest.objects.get(act="decommission")
    assert (resource.status, request.status) == ("retiring", "approved")
    assert Job.objects.get(resource=resource, purpose="delete").due_at == resource.recycle_until
    assert not Grant.objects.filter(resource=resource, to_at=None).exists()


@pytest.mark.slow
@pytest.mark.parametrize("step", ["look", "remove", "purge"])
def test_a_crash_while_writing_back_a_deletion_does_it_again(office, step):
    resource, request, job = retiring(office)
    n = 1
    while True:
        job = office.until(job, step=step)
        claimed = worker.claim(job.pk, now=max(job.due_at, timezone.now()) + LATER)
        ended, over = worker.advance(claimed), claimed.lease_until + LATER
        with connection_ends_before(n) as crash, suppress(*crash.errors, ListenerDefectError):
            worker.write(claimed, ended)
        connection.close()
        if not crash.happened:
            break
        resource.refresh_from_db()
        assert (resource.status, held(resource)) == ("retiring", 10)
        worker.sweep(now=over)
        Job.objects.filter(pk=job.pk).update(failures=0)
        n += 5
    job = office.until(job)
    resource.refresh_from_db()
    request.refresh_from_db()
    assert (job.status, resource.status, request.status) == ("done", "retired", "done")
    assert held(resource) == 0


def test_what_is_sent_to_azure_is_what_azure_takes(office, shared, tmp_path):
    """Build, resize, look what goes, delete: every request passes Microsoft's own schemas."""
    past = len(office.azure.requests())
    resource = built(office)
    draft = services.begin_change(resource=resource, by=office.people.alice)
    larger = {**draft.payload, "capacity": "12"}
    requests.save_draft(kind=draft.kind, payload=larger, request=draft, by=office.people.alice)
    requests.submit_request(request=draft, by=office.people.alice)
    office.approve(draft)
    assert office.until(office.build(draft)).status == "done"
    resource.refresh_from_db()
    asked(office, resource)
    assert office.until(Job.objects.get(resource=resource, purpose="delete")).status == "done"
    sent = office.azure.requests()[past:]
    log = tmp_path / "requests.jsonl"
    log.write_text("".join(f"{json.dumps(one)}\n" for one in sent))
    ways = {(one["method"], one["url"].split("?")[0].split("/")[-2]) for one in sent}
    assert {
        ("PUT", "deploymentStacks"),
        ("PUT", "deploymentStacksWhatIfResults"),
        ("DELETE", "deploymentStacks"),
    } <= ways
    report = check_requests(shared, log, tmp_path / "report.json")
    assert report["errors"] == 0, [e for e in report["entries"] if e["errors"]]
