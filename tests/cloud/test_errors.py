"""Every row of the error table, as Azure says it: at once, at preflight, or after it said yes."""

import json

import pytest

from apps.cloud.client import azure
from apps.cloud.errors import (
    BUSY,
    ERROR_TABLE,
    NeedsPersonError,
    PermanentError,
    TransientError,
    explain,
)
from tests.cloud.conftest import to_the_end

WHAT_WOULD_PASS = {
    "InsufficientQuota": (PermanentError, "another region"),
    "RequestConflict": (TransientError, "tries again by itself"),
    "AnotherOperationInProgress": (TransientError, "tries again by itself"),
    "DeploymentActive": (TransientError, "tries again by itself"),
    "DeploymentStackInNonTerminalState": (TransientError, "tries again by itself"),
    "TooManyRequests": (TransientError, "tries again by itself"),
    "FlagMustBeSetForRestore": (NeedsPersonError, "purge or restore it in Azure"),
    "CustomDomainInUse": (NeedsPersonError, "set PORTAL_AZURE_PREFIX"),
    "AuthorizationFailed": (NeedsPersonError, "give it a role"),
    "LinkedAuthorizationFailed": (NeedsPersonError, "give it a role"),
    "RequestDisallowedByPolicy": (PermanentError, "Choose what it allows"),
    "ScopeLocked": (NeedsPersonError, "lift it in Azure"),
    "DeploymentModelNotSupported": (PermanentError, "Choose another version or region"),
    "ServiceModelDeprecated": (PermanentError, "Choose the newest version"),
    "InvalidResourceProperties": (PermanentError, "Choose another deployment type"),
    "SpecialFeatureOrQuotaIdRequired": (PermanentError, "Choose a model without it"),
    "MarketplacePurchaseEligibilityFailed": (PermanentError, "Choose a model that Azure sells"),
    "InvalidTemplate": (NeedsPersonError, "platform team to mend"),
    "InvalidRequestContent": (NeedsPersonError, "platform team to mend"),
    "SubscriptionNotFound": (NeedsPersonError, "has to enable it"),
    "InvalidSubscriptionId": (NeedsPersonError, "has to enable it"),
    "DisabledSubscription": (NeedsPersonError, "has to enable it"),
    "ReadOnlyDisabledSubscription": (NeedsPersonError, "has to enable it"),
    "InternalServerError": (TransientError, "tries again by itself"),
    "ServiceUnavailable": (TransientError, "tries again by itself"),
    "ServerTimeout": (TransientError, "tries again by itself"),
    "GatewayTimeout": (TransientError, "tries again by itself"),
    "OperationTimedOut": (TransientError, "tries again by itself"),
}


def test_the_table_and_its_test_have_the_same_rows():
    assert set(WHAT_WOULD_PASS) == set(ERROR_TABLE)


@pytest.mark.parametrize("code", ERROR_TABLE)
def test_refused_at_once(here, code):
    kind, passes = WHAT_WOULD_PASS[code]
    here.sandbox.fault("PUT .*/deploymentStacks/", code=code, times=9)
    with pytest.raises(kind) as refused:
        here.azure.begin_stack(here.group, "req-1", *here.template, tags={})
    assert passes in refused.value.sentence
    assert refused.value.code == code
    assert code in refused.value.raw
    assert refused.value.correlation_id


@pytest.mark.parametrize("code", ERROR_TABLE)
def test_failed_after_azure_said_yes(here, code):
    """The status is 200 then, and the cause is nested; the token is of no use any more."""
    kind, passes = WHAT_WOULD_PASS[code]
    here.sandbox.fault(f"PUT .*/accounts/{here.account}", code=code, when="operation")
    outcome = here.azure.begin_stack(here.group, "req-1", *here.template, tags={})
    with pytest.raises(kind) as refused:
        to_the_end(here.azure, outcome)
    assert passes in refused.value.sentence
    assert refused.value.code == code
    assert refused.value.over


def test_quota_names_what_is_free_at_preflight(here):
    """Quota fails in the check of the template, inside InvalidTemplateDeployment."""
    here.sandbox.set_limit("prod", "swedencentral", "OpenAI.S0.AccountCount", limit=4, used=4)
    with pytest.raises(PermanentError) as refused:
        to_the_end(here.azure, here.azure.begin_validate(here.group, "v", *here.template))
    assert refused.value.code == "InsufficientQuota"
    assert "0 of 4 free" in refused.value.sentence


def test_a_name_that_somebody_else_has_is_told(here):
    """A subdomain exists once in all of Azure."""
    to_the_end(here.azure, here.azure.begin_stack(here.group, "one", *here.template, tags={}))
    other = azure("nonprod")
    other.ensure_resource_group(here.group, region="swedencentral", tags={})
    with pytest.raises(NeedsPersonError, match=f"The name “{here.account}” belongs to another"):
        to_the_end(other, other.begin_stack(here.group, "two", *here.template, tags={}))


def test_quota_says_how_much_would_pass():
    message = (
        "This operation require 500 new capacity in quota Tokens Per Minute (thousands) - gpt-5.1 "
        "- GlobalStandard, which is bigger than the current available capacity 120. The current "
        "quota usage is 880 and the quota limit is 1000 for quota Tokens Per Minute (thousands) - "
        "gpt-5.1 - GlobalStandard."
    )
    told = explain({"error": {"code": "InsufficientQuota", "message": message}})
    assert told.sentence.startswith("Azure has 120 of 1000 free in the quota “Tokens Per Minute")
    assert "this needs 500. Ask for 120 or less, or choose another region" in told.sentence


def test_policy_role_and_lock_are_named():
    policy = '…Policy identifiers: \'[{"policyAssignment":{"name":"Allowed regions","id":"x"}}]\'.'
    role = "… to perform action 'Microsoft.CognitiveServices/accounts/write' over scope …"
    lock = "… because following scope(s) are locked: '/subscriptions/1/resourceGroups/rg'. …"
    for code, message, named in (
        ("RequestDisallowedByPolicy", policy, "“Allowed regions”"),
        ("AuthorizationFailed", role, "(Microsoft.CognitiveServices/accounts/write)"),
        ("ScopeLocked", lock, "on /subscriptions/1/resourceGroups/rg"),
    ):
        assert named in explain({"error": {"code": code, "message": message}}).sentence


def test_the_cause_is_found_however_deep_it_is():
    inner = json.dumps({"error": {"code": "InsufficientQuota", "message": "full"}})
    body = {
        "status": "Failed",
        "error": {
            "code": "DeploymentFailed",
            "details": [{"code": "BadRequest", "message": inner}],
        },
    }
    assert explain(body, status=200).code == "InsufficientQuota"


def test_the_gravest_cause_counts():
    body = {
        "error": {
            "code": "MultipleErrorsOccurred",
            "details": [
                {"code": "RequestConflict", "message": "busy"},
                {"code": "InsufficientQuota", "message": "full"},
            ],
        }
    }
    assert isinstance(explain(body), PermanentError)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, NeedsPersonError),
        (418, NeedsPersonError),
        (429, TransientError),
        (503, TransientError),
    ],
)
def test_an_unknown_code_is_judged_by_its_status(status, kind):
    told = explain({"error": {"code": "NeverHeardOf", "message": "Odd."}}, status=status)
    assert isinstance(told, kind)


def test_an_answer_that_is_no_json_is_told_too():
    assert isinstance(explain("<html>Bad gateway</html>", status=502), TransientError)


def test_a_429_is_a_wait_whatever_the_service_calls_it():
    told = explain({"error": {"code": "429", "message": "Calm down."}}, status=429)
    assert told.busy
    assert "slow down" in told.sentence


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("12", 12), ("86400", 3600), ("-5", None), ("nan", None), ("1e99", None), ("", None)],
)
def test_retry_after_is_a_number_of_seconds_and_at_most_an_hour(said, seconds):
    assert explain({}, status=429, headers={"Retry-After": said}).retry_after == seconds


def test_waiting_for_a_turn_is_no_failure():
    assert {"RequestConflict", "TooManyRequests"} <= BUSY
    assert explain({"error": {"code": "RequestConflict"}}, status=409).busy
    assert not explain({"error": {"code": "InternalServerError"}}, status=500).busy


def test_a_long_wait_is_given_back_instead_of_slept(here):
    import time

    here.sandbox.fault(
        "PUT .*/deploymentStacks/", code="TooManyRequests", headers={"Retry-After": "66"}
    )
    began = time.monotonic()
    with pytest.raises(TransientError) as refused:
        here.azure.begin_stack(here.group, "req-1", *here.template, tags={})
    assert time.monotonic() - began < 3
    assert refused.value.retry_after == 66
