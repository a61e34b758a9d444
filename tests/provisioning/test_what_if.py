"""What a yes would change: asked of Azure, kept with its age, read without noise."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.utils import timezone

from apps.kernel.errors import ConflictError
from apps.provisioning import panels, selectors, services
from apps.provisioning.models import WhatIf
from apps.provisioning.worker import claim, write
from apps.provisioning.worker.diff import readable
from apps.provisioning.worker.steps import Previewed
from tests.race import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_new_deployment_is_all_added(office):
    request = office.submitted()
    job = office.until(office.what_if(request))
    assert job.status == "done"
    changes = selectors.changes_of(request, job)
    assert changes.why_old == ""
    made = {one["type"]: one for one in changes.resources}
    deployment = made["accounts/deployments"]
    assert deployment["kind"] == "create"
    lines = {line["path"]: line for line in deployment["changes"]}
    assert {line["sign"] for line in lines.values()} == {"+"}
    assert (lines["sku.capacity"]["after"], lines["sku.capacity"]["unit"]) == (10, "K TPM")
    assert lines["properties.model.name"]["after"] == "gpt-5.1"
    assert lines["tags.request"]["after"] == request.number
    assert not {path for path in lines if path == "id" or "provisioningState" in path}
    assert "added, 0 changed, 0 removed" in changes.summary
    assert not office.puts(f"/deploymentStacks/req-{request.pk}")


def test_the_account_is_previewed_too_where_there_is_none(office):
    request = office.submitted(region="polandcentral", environment="test")
    job = office.until(office.what_if(request))
    assert job.status == "done", job.trouble
    kinds = {one["type"]: one["kind"] for one in selectors.changes_of(request, job).resources}
    assert kinds == {"accounts": "create", "accounts/deployments": "create"}
    assert not office.puts("/deploymentStacks/platform-aoai-northwind-plc-01")


def test_what_was_changed_by_hand_shows_and_noise_does_not(office):
    request = office.approved()
    office.until(office.build(request))
    request.refresh_from_db()
    azure_id = request.resource.azure_id
    office.azure.drift(azure_id, "sku.capacity", 7)
    office.azure.drift(azure_id, "properties.versionUpgradeOption", "NoAutoUpgrade")
    office.azure.drift(azure_id, "properties.currentCapacity", 7)
    office.azure.drift(azure_id, "tags.cost-centre", "CC-0000")
    with transaction.atomic():
        job = services.jobs._queue(services.jobs._request(request.pk), "what_if", selectors.PREVIEW)
    office.until(job)
    (found,) = [
        one
        for one in WhatIf.objects.get(request=request).changes
        if one["name"] == f"deployments/{request.resource.name}"
    ]
    assert found["kind"] == "modify"
    assert [
        (c["sign"], c["path"], c["before"], c["after"], c["unit"]) for c in found["changes"]
    ] == [
        ("~", "sku.capacity", 7, 10, "K TPM"),
        ("~", "properties.versionUpgradeOption", "NoAutoUpgrade", "OnceCurrentVersionExpired", ""),
        ("~", "tags.cost-centre", "CC-0000", "CC-4100", ""),
    ]


def test_an_answer_grows_old(office):
    request = office.submitted()
    job = office.until(office.what_if(request))
    WhatIf.objects.update(made_at=timezone.now() - timedelta(minutes=61))
    type(request).objects.filter(pk=request.pk).update(
        submitted_at=timezone.now() - timedelta(hours=2)
    )
    request.refresh_from_db()
    assert "old; Azure may look different" in selectors.changes_of(request, job).why_old
    seen = panels.what_changes(office.people.petra, request=request)
    assert seen["redo_now"]  # who decides gets a fresh one at once
    assert not panels.what_changes(office.people.alice, request=request)["redo_now"]
    again = services.redo_what_if(request=request, by=office.people.petra)
    assert again.pk != job.pk
    assert services.redo_what_if(request=request, by=office.people.petra).pk == again.pk
    assert panels.what_changes(office.people.petra, request=request)["making"]
    office.until(again)
    assert selectors.changes_of(request, again).why_old == ""


def test_an_answer_about_another_template_is_old(office):
    request = office.submitted()
    job = office.until(office.what_if(request))
    WhatIf.objects.update(template_hash="of another template")
    assert selectors.changes_of(request, job).why_old == "The template has changed since."


def test_outsiders_and_readers_cannot_have_it_redone(office):
    request = office.submitted()
    for nobody in (office.people.charlie, office.people.audra):
        with pytest.raises(ConflictError):
            services.redo_what_if(request=request, by=nobody)


def test_a_what_if_that_azure_refuses_is_shown_and_stops_nobody(office):
    request = office.submitted()
    office.azure.fault("POST .*/whatIf", code="RequestDisallowedByPolicy", times=9)
    job = office.until(office.what_if(request))
    assert job.status == "refused"
    seen = panels.what_changes(office.people.petra, request=request)
    assert seen["trouble"]
    assert "Allowed locations" in seen["job"].trouble
    request.refresh_from_db()
    assert request.status == "in_review"


def test_a_what_if_that_fails_with_a_200_is_no_empty_diff(office):
    """Azure ends it like a success, with `error` in the result (WhatIfOperationResult)."""
    request = office.submitted()
    name = f"what-if-req-{request.pk}"
    office.azure.fault(f"WHATIF {name}", code="RequestDisallowedByPolicy", when="operation")
    job = office.until(office.what_if(request))
    assert job.status == "refused"
    assert "Allowed locations" in job.trouble
    assert selectors.changes_of(request, job) is None


def test_only_admins_get_the_raw_answer(office):
    request = office.submitted()
    office.until(office.what_if(request))
    assert (
        "deploymentTemplate.json"
        in panels.what_changes(office.people.petra, request=request)["template"]
    )
    assert panels.what_changes(office.people.alice, request=request)["template"] == ""


def test_a_withdrawn_request_is_not_previewed_and_troubles_nobody(office):
    from apps.requests.services import withdraw_request

    request = office.submitted()
    withdraw_request(request=request, by=office.people.alice)
    job = office.until(office.what_if(request))
    assert (job.status, job.trouble) == (
        "refused",
        f"{request.number} is withdrawn: there is nothing to preview.",
    )
    assert list(selectors.stuck_jobs(office.people.petra)) == []


def test_a_stuck_what_if_is_replaced_when_somebody_asks_again(office):
    request = office.submitted()
    office.azure.fault("POST .*/whatIf", code="AuthorizationFailed")
    stuck = office.until(office.what_if(request))
    assert stuck.status == "stuck"
    assert [j.pk for j in selectors.stuck_jobs(office.people.petra)] == [stuck.pk]
    with pytest.raises(ConflictError, match="Only a build"):
        services.give_up(job=stuck, reason="No.", by=office.people.petra)
    again = services.redo_what_if(request=request, by=office.people.alice)
    stuck.refresh_from_db()
    assert (stuck.status, office.until(again).status) == ("cancelled", "done")


def test_of_many_who_ask_at_once_all_get_the_same_preview(office):
    request = office.submitted()
    office.until(office.what_if(request))
    asked = at_once([lambda: services.redo_what_if(request=request, by=office.people.petra)] * 4)
    assert len({getattr(job, "pk", job) for job in asked}) == 1


def test_a_preview_of_what_was_asked_before_is_dropped(office):
    """A worker still has the old preview when the request comes again with another payload."""
    request = office.submitted()
    asleep = claim(office.what_if(request).pk, now=timezone.now())
    ended = Previewed(
        checks=[], changes=[], raw={}, template={}, template_hash="of the old payload"
    )
    type(request).objects.update(submitted_at=timezone.now())
    with transaction.atomic():
        services.queue_what_if(SimpleNamespace(request_id=request.pk))
    assert not write(asleep, ended)
    asleep.refresh_from_db()
    assert (asleep.status, asleep.lease_id) == ("cancelled", None)
    assert not WhatIf.objects.exists()
    fresh = office.what_if(request)
    assert fresh.pk != asleep.pk
    assert office.until(fresh).status == "done"


ACCOUNT = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/aoai"


def test_the_diff_reads_every_kind_of_change():
    raw = {
        "status": "Succeeded",
        "properties": {
            "changes": [
                {
                    "resourceId": f"{ACCOUNT}/deployments/chat",
                    "changeType": "Modify",
                    "before": {"sku": {"name": "GlobalProvisionedManaged", "capacity": 15}},
                    "after": {"sku": {"name": "GlobalProvisionedManaged", "capacity": 30}},
                    "delta": [
                        {
                            "path": "sku.capacity",
                            "propertyChangeType": "Modify",
                            "before": 15,
                            "after": 30,
                        },
                        {
                            "path": "properties",
                            "propertyChangeType": "Modify",
                            "children": [
                                {
                                    "path": "rateLimits",
                                    "propertyChangeType": "Delete",
                                    "before": [{"key": "token"}],
                                },
                                {
                                    "path": "model.callRateLimit",
                                    "propertyChangeType": "Delete",
                                    "before": {"count": 1},
                                },
                                {
                                    "path": "raiPolicyName",
                                    "propertyChangeType": "Create",
                                    "after": "Strict",
                                },
                            ],
                        },
                        {
                            "path": "tags",
                            "propertyChangeType": "Delete",
                            "before": {"owner": "x"},
                        },
                        {
                            "path": "zones",
                            "propertyChangeType": "Array",
                            "children": [
                                {"path": "0", "propertyChangeType": "Create", "after": "1"}
                            ],
                        },
                        {
                            "path": "location",
                            "propertyChangeType": "NoEffect",
                            "before": "westeurope",
                        },
                    ],
                },
                {
                    "resourceId": ACCOUNT,
                    "changeType": "Modify",
                    "delta": [
                        {
                            "path": "properties.endpoints",
                            "propertyChangeType": "Delete",
                            "before": {"a": "b"},
                        }
                    ],
                },
                {
                    "resourceId": f"{ACCOUNT}/deployments/old",
                    "changeType": "Delete",
                    "before": {"sku": {"name": "Standard", "capacity": 5}, "id": "x"},
                },
                {"resourceId": f"{ACCOUNT}/deployments/same", "changeType": "NoChange"},
                {"resourceId": f"{ACCOUNT}/deployments/other", "changeType": "Ignore"},
                {"resourceId": f"{ACCOUNT}/deployments/[x]", "changeType": "Unsupported"},
            ]
        },
    }
    chat, account, old, *rest = readable(raw)
    assert (chat["name"], chat["where"], chat["kind"]) == ("deployments/chat", "aoai", "modify")
    assert [
        (c["sign"], c["path"], c["before"], c["after"], c["unit"]) for c in chat["changes"]
    ] == [
        ("~", "sku.capacity", 15, 30, "PTU"),
        ("+", "properties.raiPolicyName", None, "Strict", ""),
        ("-", "tags.owner", "x", None, ""),
        ("+", "zones.0", None, "1", ""),
    ]
    assert (account["kind"], account["changes"]) == ("untouched", [])  # by noise alone
    assert old["kind"] == "delete"
    assert [(c["sign"], c["path"], c["before"]) for c in old["changes"]] == [
        ("-", "sku.name", "Standard"),
        ("-", "sku.capacity", 5),
    ]
    assert [one["kind"] for one in rest] == ["untouched", "untouched", "unknown"]
