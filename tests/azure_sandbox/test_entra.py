"""Signing in: tokens, refusals, and the addresses clients look up."""

import json
import ssl
import urllib.error
import urllib.request

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.core.rest import HttpRequest
from azure.identity import ClientSecretCredential


def read(azure, path, **headers):
    request = urllib.request.Request(azure.sandbox.url + path, headers=headers)  # noqa: S310 - ours
    trust = ssl.create_default_context(cafile=azure.sandbox.ca)
    try:
        with urllib.request.urlopen(request, context=trust, timeout=5) as answer:  # noqa: S310
            return answer.status, dict(answer.headers), json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), json.load(error)


def test_a_wrong_secret_is_refused_in_entra_s_words(azure):
    end = azure.sandbox.endpoint
    wrong = ClientSecretCredential(
        end["tenant_id"],
        end["client_id"],
        "not-it",
        authority=azure.sandbox.url,
        disable_instance_discovery=True,
        connection_verify=azure.sandbox.ca,
    )
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215: Invalid client secret"):
        wrong.get_token("https://management.azure.com/.default")


def test_a_call_without_or_with_a_foreign_token_is_401(azure):
    path = "/subscriptions?api-version=2022-12-01"
    status, headers, body = read(azure, path)
    assert (status, body["error"]["code"]) == (401, "AuthenticationFailed")
    assert "authorization_uri" in headers["WWW-Authenticate"]
    status, _, body = read(azure, path, Authorization="Bearer eyJ0.eyJ0.bad")
    assert (status, body["error"]["code"]) == (401, "InvalidAuthenticationToken")


def test_the_addresses_that_clients_look_up(azure):
    _, _, cloud = read(azure, "/metadata/endpoints?api-version=2022-09-01")
    assert cloud["resourceManager"] == f"{azure.sandbox.url}/"
    tenant = azure.sandbox.endpoint["tenant_id"]
    _, _, found = read(azure, f"/{tenant}/v2.0/.well-known/openid-configuration")
    assert found["token_endpoint"] == f"{azure.sandbox.url}/{tenant}/oauth2/v2.0/token"


def test_every_answer_carries_azure_s_ids(azure):
    answer = azure.send(
        "GET",
        "/subscriptions?api-version=2022-12-01",
        **{"x-ms-client-request-id": "11111111-2222-3333-4444-555555555555"},
    )
    assert answer.headers["x-ms-client-request-id"] == "11111111-2222-3333-4444-555555555555"
    assert answer.headers["x-ms-request-id"] == answer.headers["x-ms-correlation-request-id"]
    assert answer.headers["x-ms-ratelimit-remaining-subscription-reads"] == "11999"


def test_an_api_version_is_required(azure):
    answer = azure.resources.send_request(HttpRequest("GET", "/subscriptions"))
    assert answer.json()["error"]["code"] == "MissingApiVersionParameter"
    assert azure.send("GET", "/subscriptions?api-version=x").status_code == 400
