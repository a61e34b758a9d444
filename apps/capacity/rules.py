"""How accounts are named and how much they carry."""

from django.conf import settings

# Standard deployments per account: Microsoft Learn, quotas and limits, read 2026-08-20.
DEPLOYMENTS_PER_ACCOUNT = 32

# Azure's own short names of regions (geo-codes of Azure Backup, Microsoft Learn, read 2026-11).
SHORT_REGIONS = {
    "australiaeast": "ae",
    "brazilsouth": "brs",
    "canadacentral": "cnc",
    "canadaeast": "cne",
    "centralus": "cus",
    "eastus": "eus",
    "eastus2": "eus2",
    "francecentral": "frc",
    "germanywestcentral": "gwc",
    "italynorth": "itn",
    "japaneast": "jpe",
    "koreacentral": "krc",
    "northcentralus": "ncus",
    "northeurope": "ne",
    "norwayeast": "nwe",
    "polandcentral": "plc",
    "southafricanorth": "san",
    "southcentralus": "scus",
    "southeastasia": "sea",
    "southindia": "ma",
    "spaincentral": "spc",
    "swedencentral": "sdc",
    "switzerlandnorth": "szn",
    "switzerlandwest": "szw",
    "uaenorth": "uan",
    "uksouth": "uks",
    "westcentralus": "wcus",
    "westeurope": "we",
    "westus": "wus",
    "westus2": "wus2",
    "westus3": "wus3",
}


def account_name(*, tier: str, region: str, number: int) -> str:
    """Name a shared account: `aoai-northwind-sdc-01`; those outside production say `np`.

    It is the account's subdomain too, of which there is one in all of Azure: so it carries the
    organisation's part, up to 24 letters of the 64 that Azure allows.
    """
    short = SHORT_REGIONS.get(region, region)
    place = short if tier == "prod" else f"np-{short}"
    return f"aoai-{settings.AZURE_PREFIX}-{place}-{number:02}"


def resource_group(*, tier: str, region: str) -> str:
    """Name the resource group of the shared accounts of a region."""
    return f"rg-ai-platform-{tier}-{region}"
