"""The data files: made from the sources, byte for byte, and true where we know better."""

import csv
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.catalog.collectors import collect, files


def rows(name: str) -> list[dict[str, str]]:
    """Return one committed data file."""
    with (files.DATA / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.shared
def test_the_same_sources_give_the_same_bytes(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("refresh_catalog_facts", shared / "data", into=tmp_path)
    made = sorted(tmp_path.glob("*.csv"))
    assert [path.stem for path in made] == sorted(files.COLUMNS)
    for path in made:
        same = path.read_bytes() == (files.DATA / path.name).read_bytes()
        assert same, f"{path.name} is not what the sources give: run refresh_catalog_facts"
    said = capsys.readouterr().out
    assert "1M Characters: a unit that is neither tokens nor PTU hours" in said
    assert "disagrees on 3 prices: text-embedding-3-large" in said


@pytest.mark.shared
def test_refused_price_rows_are_counted_by_unit(shared: Path) -> None:
    refused = collect.collect(shared / "data").refused
    units = {unit for reason, unit in refused if reason.startswith("a unit")}
    # 1M and 1K are token units only where the meter counts tokens.
    assert {"1M Characters", "1K Calls", "1/Month Units", "1 Hour Unit"} <= units
    assert sum(refused.values()) + len(rows("prices")) < 4158 + 138


def test_a_folder_without_the_sources_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="DIR needs azure_docs/, prices/ and finops/"):
        call_command("refresh_catalog_facts", tmp_path, into=tmp_path)


def test_every_row_names_its_source_and_date() -> None:
    for path in files.DATA.glob("*.csv"):
        for row in rows(path.stem):
            assert row["source"], path
            assert len(row["as_of"]) == 10, path


def test_no_fact_is_there_twice() -> None:
    keys = {
        "regions": ("name",),
        "models": ("name",),
        "versions": ("model", "version"),
        "availability": ("deployment_type", "region", "model", "version"),
        "quotas": ("model", "deployment_type", "tier", "note"),
        "ptu": ("model", "scope"),
        "batch_quotas": ("model", "deployment_type", "subscription"),
        "prices": ("model", "version", "deployment_type", "region", "token_class"),
        "second_opinions": ("model", "scope", "token_class"),
        "residency": ("data_class", "scope", "geography"),
    }
    for name, columns in keys.items():
        found = [tuple(row[column] for column in columns) for row in rows(name)]
        assert len(found) == len(set(found)), name


def prices(model: str, sku: str, region: str) -> dict[str, str]:
    """Return the price per token class."""
    return {
        row["token_class"]: row["usd_per_1m"]
        for row in rows("prices")
        if (row["model"], row["deployment_type"], row["region"]) == (model, sku, region)
    }


def test_gpt_5_1_has_a_global_price_and_no_regional_one() -> None:
    found = prices("gpt-5.1", "GlobalStandard", "swedencentral")
    assert found == {"input": "1.25", "cached_input": "0.125", "output": "10"}
    assert prices("gpt-5.1", "Standard", "swedencentral") == {}


def test_a_versions_own_price_stays_its_own() -> None:
    found = {
        row["version"]: row["usd_per_1m"]
        for row in rows("prices")
        if (row["model"], row["deployment_type"]) == ("gpt-4o", "GlobalStandard")
        and (row["region"], row["token_class"]) == ("swedencentral", "input")
    }
    assert found == {"2024-05-13": "5", "2024-08-06": "2.5", "2024-11-20": "2.5"}


@pytest.mark.parametrize(
    ("model", "sku", "expected"),
    [("gpt-5.1", "GlobalStandard", 10), ("gpt-5.1-codex", "GlobalStandard", 1)],
)
def test_requests_per_k_tpm_are_no_constant(model: str, sku: str, expected: int) -> None:
    found = {
        int(row["requests"]) * 60 / int(row["window_s"]) / (int(row["tpm"]) / 1000)
        for row in rows("quotas")
        if (row["model"], row["deployment_type"]) == (model, sku)
    }
    assert found == {expected}
