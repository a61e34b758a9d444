"""Key Vault with the SDK's client: the challenge, a secret, its versions."""

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.keyvault.secrets import SecretClient

from tests.azure_sandbox.test_entra import read


def test_the_challenge_names_tenant_and_resource(azure):
    status, headers, _ = read(azure, "/secrets/x?api-version=7.5")
    assert status == 401
    assert headers["WWW-Authenticate"] == (
        f'Bearer authorization="{azure.sandbox.url}/{azure.sandbox.endpoint["tenant_id"]}", '
        'resource="https://vault.azure.net"'
    )


@pytest.fixture
def vault(azure):
    return SecretClient(
        azure.sandbox.url,
        azure.credential,
        verify_challenge_resource=False,
        connection_verify=azure.sandbox.ca,
        per_retry_policies=[azure.answers],
    )


def test_secrets_have_versions(vault, azure):
    first = vault.set_secret("db-password", "one", tags={"team": "claims"})
    second = vault.set_secret("db-password", "two", content_type="text/plain")
    assert vault.get_secret("db-password").value == "two"
    assert vault.get_secret("db-password", first.properties.version).value == "one"
    assert second.properties.version != first.properties.version
    assert [p.name for p in vault.list_properties_of_secrets()] == ["db-password"]
    with pytest.raises(ResourceNotFoundError, match="SecretNotFound"):
        vault.get_secret("nothing")
    assert all("secrets" not in r["url"] for r in azure.sandbox.requests())
