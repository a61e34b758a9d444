"""Faults on order: every row of the portal's error table can be made to happen."""

import time

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError

from tests.azure_sandbox.conftest import deployment_body, properties, stack_properties

TABLE = {
    "InsufficientQuota": 400,
    "RequestConflict": 409,
    "FlagMustBeSetForRestore": 409,
    "TooManyRequests": 429,
    "AuthorizationFailed": 403,
    "RequestDisallowedByPolicy": 403,
    "ScopeLocked": 409,
    "DeploymentModelNotSupported": 400,
    "InvalidResourceProperties": 400,
    "SpecialFeatureOrQuotaIdRequired": 400,
    "MarketplacePurchaseEligibilityFailed": 400,
    "InternalServerError": 500,
}


@pytest.mark.parametrize(("code", "status"), TABLE.items())
def test_a_request_is_refused_as_ordered(azure, code, status):
    group = azure.group("rg-faults")
    # The SDK retries 429 and 500 once: two faults are needed for one to be seen.
    azure.sandbox.fault("PUT .*/deploymentStacks/f$", code=code, times=2)
    with pytest.raises(HttpResponseError) as refused:
        azure.stacks.deployment_stacks.begin_create_or_update_at_resource_group(
            group, "f", {"properties": stack_properties("fa-one")}
        )
    assert (refused.value.status_code, refused.value.error.code) == (status, code)
    assert refused.value.error.message


def test_words_details_and_headers_can_be_given(azure):
    azure.sandbox.fault(
        "GET .*/usages",
        code="RequestDisallowedByPolicy",
        status=403,
        message="Resource 'x' was disallowed by policy.",
        details=[{"code": "PolicyViolation", "message": "Only EU."}],
        headers={"x-ms-failure-cause": "gateway"},
    )
    base = f"/subscriptions/{azure.subscription}/providers/Microsoft.CognitiveServices"
    answer = azure.send("GET", f"{base}/locations/swedencentral/usages")
    assert answer.status_code == 403
    assert answer.headers["x-ms-failure-cause"] == "gateway"
    assert answer.json()["error"]["details"][0]["code"] == "PolicyViolation"
    assert azure.send("GET", f"{base}/locations/swedencentral/usages").status_code == 200


def test_the_sdk_waits_as_long_as_it_is_told(azure):
    azure.sandbox.fault("GET .*/usages", code="TooManyRequests", headers={"Retry-After": "1"})
    base = f"/subscriptions/{azure.subscription}/providers/Microsoft.CognitiveServices"
    start = time.monotonic()
    assert azure.send("GET", f"{base}/locations/swedencentral/usages").status_code == 200
    assert time.monotonic() - start >= 1


def test_a_lost_answer_is_acted_upon(azure):
    group = azure.group()
    azure.account(group, "fa-lost")
    azure.sandbox.fault("PUT .*/fa-lost/deployments/gpt$", when="lost", times=2)
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        azure.send("PUT", azure.id(group, "fa-lost", "gpt"), deployment_body(7))
    time.sleep(0.15)
    found = azure.send("GET", azure.id(group, "fa-lost", "gpt")).json()
    assert found["properties"]["provisioningState"] == "Succeeded"
    assert found["sku"]["capacity"] == 7


def test_a_poll_may_fail_and_the_work_goes_on(azure):
    group = azure.group()
    azure.sandbox.fault("GET .*/operationStatuses/", code="InternalServerError", times=2)
    client = azure.deployments.deployments
    with pytest.raises(HttpResponseError):
        client.begin_create_or_update(group, "d", {"properties": properties("fa-poll")}).result()
    time.sleep(0.3)
    assert client.get(group, "d").properties.provisioning_state == "Succeeded"


def test_faults_are_counted_cleared_and_checked(azure):
    azure.sandbox.fault("GET nothing", times=5)
    assert azure.sandbox.state()["faults"] == 1
    azure.sandbox.clear()
    assert azure.sandbox.state()["faults"] == 0
    with pytest.raises(AssertionError, match="not a regular expression"):
        azure.sandbox.fault("(")
    with pytest.raises(AssertionError, match="'when' is one of"):
        azure.sandbox.fault("x", when="never")
    with pytest.raises(AssertionError, match="These are needed: path"):
        azure.sandbox.admin("POST", "drift", {"id": "/x"})


def test_drift_sets_and_removes(azure):
    group = azure.group()
    azure.account(group, "fa-drift")
    path = azure.id(group, "fa-drift")
    before = azure.send("GET", path).json()
    azure.sandbox.drift(path, "tags.owner", "somebody")
    azure.sandbox.drift(path, "properties.publicNetworkAccess", None)
    after = azure.send("GET", path).json()
    assert after["tags"] == {"owner": "somebody"}
    assert "publicNetworkAccess" not in after["properties"]
    assert after["etag"] != before["etag"]
