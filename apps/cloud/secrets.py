"""Secrets in Azure Key Vault: `keyvault:https://NAME.vault.azure.net/secrets/x[/version]`."""

from azure.keyvault.secrets import KeyVaultSecretIdentifier, SecretClient
from django.conf import settings

from apps.cloud.client.session import PATIENCE, RETRIES, credential, told_in_sentences
from apps.cloud.errors import CloudError
from apps.kernel.secrets import SecretError


def from_key_vault(address: str) -> str:
    """Read a secret by its address, the newest version unless one is named."""
    try:
        wanted = KeyVaultSecretIdentifier(address)
    except ValueError:
        raise SecretError(
            f"“{address}” is no Key Vault secret; write https://NAME.vault.azure.net/secrets/x."
        ) from None
    try:
        with (
            told_in_sentences(),
            SecretClient(
                wanted.vault_url,
                credential(),
                connection_verify=settings.AZURE_CA_BUNDLE or True,
                verify_challenge_resource=not settings.AZURE_SANDBOX,
                retry_total=RETRIES,
                **PATIENCE,
            ) as client,
        ):
            return str(client.get_secret(wanted.name, wanted.version).value)
    except CloudError as error:
        raise SecretError(f"The secret {address} cannot be read: {error.sentence}") from error
