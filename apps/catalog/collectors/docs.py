"""Microsoft's documentation tables: regions, versions, availability, quotas, PTU, batch."""

from collections.abc import Iterator
from pathlib import Path

from apps.catalog.collectors import files
from apps.catalog.collectors.files import Row

GEOGRAPHIES = {
    "Americas": "Americas",
    "Europe": "Europe",
    "AsiaPacific": "Asia Pacific",
    "MiddleEastAfrica": "Middle East and Africa",
}
# Microsoft's definition: the EU zone is every region in a member state, the US zone every
# region in the United States. Norway, Switzerland and the UK are in neither.
DATA_ZONES = {
    "EU": [
        "francecentral",
        "germanywestcentral",
        "italynorth",
        "polandcentral",
        "spaincentral",
        "swedencentral",
        "westeurope",
    ],
    "US": [
        "centralus",
        "eastus",
        "eastus2",
        "northcentralus",
        "southcentralus",
        "westus",
        "westus3",
    ],
}
ZONE_OF = {region: zone for zone, regions in DATA_ZONES.items() for region in regions}
SUBSCRIPTIONS = {
    "default_tokens": "default",
    "enterprise_mcae_tokens": "enterprise",
    "credit_card_tokens": "credit card",
    "msdn_tokens": "developer",
}


class Docs:
    """The tables of one collected directory, limited to Azure OpenAI."""

    def __init__(self, directory: Path) -> None:
        tables = directory / "azure_docs"
        self.matrix = [
            row for row in files.read(tables / "model_region_matrix.csv") if row["available"] == "1"
        ]
        self.quota = files.read(tables / "quota_tiers_rpm_tpm.csv")
        named = {row["model"] for row in self.matrix + self.quota}
        self.life = [
            row
            for row in files.read(tables / "model_retirements.csv")
            if row["provider"] == "Azure OpenAI" or row["model"] in named
        ]
        self.ptu = files.read(tables / "ptu_parameters.csv")
        self.batch = files.read(tables / "batch_enqueued_token_quota.csv")
        self.region_names = {
            row["RegionId"]: row["RegionName"]
            for row in files.read(directory / "finops" / "Regions.csv")
        }
        self.models = sorted(named | {row["model"] for row in self.life})

    def versions_of(self) -> dict[str, set[str]]:
        """Return every version any table names, by model."""
        known: dict[str, set[str]] = {model: set() for model in self.models}
        for row in self.matrix + self.life:
            known[row["model"]].add(row["version"])
        return known

    def region_rows(self) -> Iterator[Row]:
        """Yield the regions of the availability tables."""
        for region, geography in {(row["region"], row["geography"]) for row in self.matrix}:
            yield files.REGIONS.stamp(
                {
                    "name": region,
                    "display_name": self.region_names[region],
                    "geography": GEOGRAPHIES[geography],
                    "data_zone": ZONE_OF.get(region, ""),
                }
            )

    def version_rows(self) -> Iterator[Row]:
        """Yield every version; one without a retirement row has an unknown end (empty)."""
        life = {(row["model"], row["version"]): row for row in self.life}
        for model, versions in self.versions_of().items():
            for version in versions:
                row = life.get((model, version))
                source = files.RETIREMENTS if row else files.REGIONS
                yield source.stamp(
                    {
                        "model": model,
                        "version": version,
                        "lifecycle": row["lifecycle"] if row else "",
                        "retires_on": row["retirement_date"] if row else "",
                        "replacement": row["replacement"] if row else "",
                    }
                )

    def availability_rows(self) -> Iterator[Row]:
        """Yield what is offered where."""
        columns = files.COLUMNS["availability"]
        for row in self.matrix:
            yield files.REGIONS.stamp({column: row[column] for column in columns})

    def quota_rows(self) -> Iterator[Row]:
        """Yield the quota tiers; `tpm` is empty where the page limits requests alone."""
        columns = files.COLUMNS["quotas"]
        for row in self.quota:
            stamped = files.QUOTAS.stamp({column: row[column] for column in columns})
            yield stamped | {"as_of": row["doc_date"]}

    def ptu_rows(self) -> Iterator[Row]:
        """Yield PTU sizes per scope: Global and Data Zone share theirs."""
        for row in self.ptu:
            if row["model"] not in self.models:
                continue
            for scope, prefix in (
                ("global", "global_datazone"),
                ("datazone", "global_datazone"),
                ("regional", "regional"),
            ):
                yield files.PTU.stamp(
                    {
                        "model": row["model"],
                        "scope": scope,
                        "minimum_ptu": row[f"{prefix}_min_ptu"],
                        "increment_ptu": row[f"{prefix}_increment"],
                        "input_tpm_per_ptu": row["input_tpm_per_ptu"],
                        "output_ratio": row["output_to_input_ratio"],
                        "latency_target": row["latency_target"],
                    }
                )

    def batch_rows(self) -> Iterator[Row]:
        """Yield enqueued-token limits per kind of subscription."""
        for row in self.batch:
            if row["model"] not in self.models:
                continue
            for column, subscription in SUBSCRIPTIONS.items():
                yield files.BATCH.stamp(
                    {
                        "model": row["model"],
                        "deployment_type": row["deployment_type"],
                        "subscription": subscription,
                        "enqueued_tokens": row[column],
                    }
                )

    def left_out(self) -> dict[str, list[str]]:
        """Return the models of the PTU and batch tables that are no Azure OpenAI offer."""
        return {
            "PTU sizing": sorted({row["model"] for row in self.ptu} - set(self.models)),
            "batch quota": sorted({row["model"] for row in self.batch} - set(self.models)),
        }
