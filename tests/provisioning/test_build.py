"""From the last yes to the endpoint, and every way in which it can end otherwise."""

import json

import pytest

from apps.access.models import Grant
from apps.capacity import selectors as capacity
from apps.cloud.client import azure
from apps.kernel.models import AuditEntry
from apps.provisioning import selectors, services
from apps.provisioning.models import Resource
from apps.requests.models import ResourceRequest
from tests.provisioning.conftest import METER
from tests.site import until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_request_is_built_and_its_way_in_opens(office):
    request = office.approved()
    job = office.until(office.build(request))
    assert (job.status, job.trouble, job.operation, job.lease_id) == ("done", "", "", None)
    request.refresh_from_db()
    assert request.status == "done"
    resource = Resource.objects.get(request=request)
    assert resource.name == f"{office.workload}-prod-gpt-5.1"
    assert resource.azure_id.endswith(f"/deployments/{resource.name}")
    assert resource.facts["capacity"] == 10
    assert resource.facts["tags"]["request"] == request.number
    assert resource.facts["tags"]["cost-centre"] == "CC-4100"
    assert resource.facts["base_url"].endswith(".openai.azure.com/openai/v1/")
    assert {rate["key"] for rate in resource.facts["rate_limits"]} == {"request", "token"}
    assert Grant.objects.get(resource=resource).workload.slug == office.workload
    assert [a.step for a in job.attempts.order_by("id")] == [
        *("check", "account", "validate", "deployment", "read_back")
    ]
    assert {a.outcome for a in job.attempts.all()} == {"next"}
    assert {o.state for o in job.operations.all()} == {"Succeeded"}
    assert resource.name in {o.name.split("/")[-1] for o in job.operations.all()}
    assert office.puts(f"/deploymentStacks/req-{request.pk}") == 1


def test_the_shared_account_is_made_first_in_the_platforms_own_stack(office):
    request = office.approved(region="francecentral", environment="test")
    place = capacity.place_of(request.ref).placement
    job = office.until(office.build(request))
    assert job.status == "done", job.trouble
    stacks = office.puts(f"/deploymentStacks/platform-{place.name}")
    assert stacks == 1
    bodies = [
        json.dumps(r["body"])
        for r in office.azure.requests()
        if r["method"] == "PUT" and r["url"].split("?")[0].endswith(f"/req-{request.pk}")
    ]
    assert "Microsoft.CognitiveServices/accounts/deployments" in bodies[0]
    assert '"Microsoft.CognitiveServices/accounts"' not in bodies[0]
    made = {o.resource_type for o in job.operations.all()}
    assert "Microsoft.CognitiveServices/accounts" in made
    second = office.approved(region="francecentral", environment="test", version="2025-11-13")
    assert office.until(office.build(second)).status == "done"
    assert office.puts(f"/deploymentStacks/platform-{place.name}") == 1
    names = set(Resource.objects.values_list("name", flat=True))
    assert names == {
        f"{office.workload}-test-gpt-5.1",
        f"{office.workload}-test-gpt-5.1-{second.pk}",
    }


def test_quota_gone_between_the_yes_and_the_run(office):
    request = office.approved()
    used = {one.name: one.used for one in azure("prod").usages("swedencentral")}[METER]
    office.azure.set_limit("prod", "swedencentral", METER, limit=used + 4)
    job = office.until(office.build(request))
    assert job.status == "refused"
    request.refresh_from_db()
    assert request.status == "returned"
    assert f"Azure has 4 of {used + 4} free" in request.trouble
    assert "Ask for 4 or less" in request.trouble
    assert job.attempts.first().outcome == "permanent"
    assert job.step == "check"  # the preflight says so before anything is made
    assert capacity.place_of(request.ref) is None  # what was held is free again


def test_rules_that_changed_since_the_yes(office):
    from apps.catalog.models import ResidencyRule
    from apps.catalog.services import change_residency_rule

    request = office.approved()
    rule = ResidencyRule.objects.get(data_class="internal", scope="global", geography="Europe")
    by = office.people.petra
    change_residency_rule(pk=rule.pk, allowed=False, why="Only in the EU from today.", by=by)
    try:
        job = office.until(office.build(request))
    finally:
        change_residency_rule(pk=rule.pk, allowed=True, why=rule.why, by=by)
        ResidencyRule.objects.update(edited_at=None)  # all tests share the catalogue
    assert job.status == "refused"
    request.refresh_from_db()
    assert request.status == "returned"
    assert request.trouble.startswith("The rules have changed since the approval.")
    assert not office.puts(f"/deploymentStacks/req-{request.pk}")


def test_a_requester_who_lost_their_role(office):
    request = office.approved()
    office.people.alice.memberships.all().delete()
    job = office.until(office.build(request))
    assert job.status == "refused"
    assert "may not ask for Claims Automation any more" in job.trouble


def test_a_stuck_job_waits_for_a_person_who_helps(office):
    request = office.approved()
    office.azure.fault("PUT .*/deploymentStacks/req-", code="ScopeLocked")
    job = office.until(office.build(request))
    assert job.status == "stuck"
    request.refresh_from_db()
    assert request.status == "needs_help"
    assert "lift it in Azure" in request.trouble
    assert [j.pk for j in selectors.stuck_jobs(office.people.petra)] == [job.pk]
    assert selectors.stuck_jobs(office.people.alice) == ()
    services.retry_job(job=job, by=office.people.petra)
    job = office.step(job)
    request.refresh_from_db()
    assert request.status == "building"
    assert office.until(job).status == "done"
    assert [a.outcome for a in job.attempts.filter(step="deployment").order_by("id")] == [
        *("stopped", "next")
    ]


def test_an_operation_that_failed_is_not_shown_as_running(office):
    request = office.approved()
    office.azure.fault(
        f"PUT .*/deployments/{office.workload}", code="AuthorizationFailed", when="operation"
    )
    job = office.until(office.build(request))
    assert job.status == "stuck"
    of_ours = job.operations.filter(resource_type__endswith="/deployments")
    assert [one.state for one in of_ours] == ["Failed"]


def test_what_is_tried_again_is_checked_again(office):
    """A job may have been stuck for days: rights and rules are those of the day it goes on."""
    request = office.approved()
    office.azure.fault("PUT .*/deploymentStacks/req-", code="ScopeLocked")
    job = office.until(office.build(request))
    office.people.alice.memberships.all().delete()
    services.retry_job(job=job, by=office.people.petra)
    assert office.until(job).status == "refused"
    request.refresh_from_db()
    assert request.status == "returned"
    assert capacity.place_of(request.ref) is None
    assert office.puts(f"/deploymentStacks/req-{request.pk}") == 1


def test_what_was_deleted_by_hand_is_made_again(office):
    """The stack says succeeded still; what it made is gone."""
    request = office.approved()
    job = office.until(office.build(request), step="read_back")
    place = capacity.place_of(request.ref).placement
    gone = (
        f"/subscriptions/{place.subscription.azure_id}/resourceGroups/{place.resource_group}/"
        f"providers/Microsoft.CognitiveServices/accounts/{place.name}/deployments/"
        f"{job.facts['name']}"
    )
    by_hand = azure("prod")._resources.resources
    by_hand.begin_delete_by_id(gone, api_version="2025-06-01", polling=False)
    until(lambda: azure("prod").get(gone) is None, seconds=5, what="the end of it")
    job = office.until(job)
    assert job.status == "stuck"
    assert "now it is not there" in job.trouble
    services.retry_job(job=job, by=office.people.petra)
    assert office.until(job).status == "done"
    assert Resource.objects.get(request=request).azure_id == gone


def test_giving_up_needs_a_reason_and_frees_what_was_held(office):
    from apps.kernel.errors import ConflictError, NotAllowedError

    request = office.approved()
    office.azure.fault("PUT .*/deploymentStacks/req-", code="AuthorizationFailed")
    job = office.until(office.build(request))
    with pytest.raises(NotAllowedError):
        services.give_up(job=job, reason="No.", by=office.people.alice)
    with pytest.raises(ConflictError, match="Say why"):
        services.give_up(job=job, reason=" ", by=office.people.petra)
    services.give_up(job=job, reason="The subscription goes.", by=office.people.petra)
    request.refresh_from_db()
    assert (request.status, request.trouble) == ("failed", "The subscription goes.")
    assert capacity.place_of(request.ref) is None
    job.refresh_from_db()
    assert job.status == "cancelled"
    with pytest.raises(ConflictError, match="only one that is stuck"):
        services.retry_job(job=job, by=office.people.petra)
    entry = AuditEntry.objects.filter(subject=job.ref).latest("id")
    assert (entry.verb, entry.actor_name) == ("cancelled", "Petra Novak")


def test_what_may_pass_by_itself_is_tried_again_later(office):
    request = office.approved()
    job = office.until(office.build(request), step="validate")
    office.azure.fault("POST .*/validate", code="InternalServerError", times=3)
    job = office.step(job)
    assert (job.status, job.failures, job.step) == ("queued", 1, "validate")
    assert (job.due_at - job.attempts.first().ended_at).total_seconds() >= 10
    assert job.attempts.first().outcome == "transient"
    assert office.until(job).status == "done"
    assert job.failures == 0


def test_what_does_not_pass_by_itself_is_given_to_a_person(office):
    request = office.approved()
    job = office.until(office.build(request), step="validate")
    office.azure.fault("POST .*/validate", code="ServiceUnavailable", times=99)
    job = office.until(job)
    assert (job.status, job.failures) == ("stuck", 6)
    assert job.attempts.filter(outcome="transient").count() == 5


def test_a_busy_account_is_waited_for_and_that_is_no_failure(office):
    request = office.approved()
    job = office.until(office.build(request), step="deployment")
    office.azure.fault(
        f"PUT .*/deployments/{office.workload}", code="RequestConflict", times=8, when="operation"
    )
    for _ in range(40):
        job = office.step(job)
        if job.trouble:
            break
    assert (job.status, job.failures) == ("queued", 0)
    assert "takes one at a time" in job.trouble
    assert 0.5 < (job.due_at - job.attempts.first().started_at).total_seconds() < 60
    office.azure.clear()
    assert office.until(job).status == "done"


def test_a_long_429_puts_the_job_back_until_azure_said(office):
    request = office.approved()
    job = office.until(office.build(request), step="validate")
    office.azure.fault("POST .*/validate", code="TooManyRequests", headers={"Retry-After": "60"})
    job = office.step(job)
    waits = (job.due_at - job.attempts.first().started_at).total_seconds()
    assert (job.status, job.failures) == ("queued", 0)
    assert 60 <= waits < 66


def test_a_defect_of_ours_waits_for_a_person(office, monkeypatch):
    request = office.approved()
    job = office.build(request)
    ResourceRequest.objects.filter(pk=request.pk).update(kind="no_such_kind")
    office.broke_rows = True
    job = office.step(job)
    assert job.status == "stuck"
    assert "A defect of the portal stopped this step" in job.trouble
