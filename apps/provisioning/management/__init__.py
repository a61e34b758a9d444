"""Management commands of the provisioning chapter."""
