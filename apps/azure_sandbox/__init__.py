"""A stand-in for Azure that speaks HTTPS: Resource Manager, a little Entra ID and Key Vault.

It is a program of its own (`python -m apps.azure_sandbox`), imported by no chapter and importing
none. The real SDK clients drive it without a special code path. What it does not know is answered
with 501 `SandboxNotImplemented`, never with a made-up success.
"""
