"""What the catalogue answers: offers, limits, prices in force, retirement, residency."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.catalog import selectors
from apps.catalog.selectors import snapshot

TODAY = date(2026, 11, 23)
pytestmark = pytest.mark.django_db


def test_gpt_5_1_is_offered_in_swedencentral_in_seven_types() -> None:
    offered = selectors.availability("gpt-5.1", "2025-11-13")
    here = {sku for sku, region in offered if region == "swedencentral"}
    assert here == set(selectors.deployment_types()) - {"DataZoneBatch"}


def test_what_nobody_knows_is_offered_nowhere() -> None:
    assert selectors.availability("gpt-9", "1") == frozenset()
    assert selectors.versions("gpt-9") == ()
    assert selectors.requests_per_minute(model="gpt-9", sku="GlobalStandard", k_tpm=1) is None


@pytest.mark.parametrize(
    ("model", "sku", "k_tpm", "expected"),
    [
        ("gpt-5.1", "GlobalStandard", 500, 5000),
        ("gpt-5.1", "DataZoneStandard", 3, 30),
        ("gpt-5.1-codex", "GlobalStandard", 500, 500),
        ("gpt-5.1-codex", "DataZoneStandard", 500, 5000),
        ("text-embedding-3-large", "GlobalStandard", 100, 600),  # 1000 requests per 10 s
        ("o1", "GlobalStandard", 100, 16),
        ("gpt-chat-latest", "GlobalStandard", 100, 100),  # two footnotes: the lower one
        ("gpt-image-2", "GlobalStandard", 100, None),  # limited by requests alone
        ("gpt-5.1", "GlobalProvisionedManaged", 15, None),
        ("whisper", "Standard", 15, None),  # no quota table names it
    ],
)
def test_requests_come_with_the_tokens(
    model: str, sku: str, k_tpm: int, expected: int | None
) -> None:
    assert selectors.requests_per_minute(model=model, sku=sku, k_tpm=k_tpm) == expected


def test_the_meter_is_azures_usage_name() -> None:
    assert selectors.meter("gpt-5.1", "GlobalStandard") == "OpenAI.GlobalStandard.gpt-5.1"
    assert selectors.meter("gpt-5.1", "GlobalBatch") == "OpenAI.GlobalBatch.gpt-5.1"
    assert selectors.meter("gpt-5.1", "ProvisionedManaged") == "OpenAI.ProvisionedManaged"


def price(model: str, sku: str, region: str = "swedencentral", **more: str):
    return selectors.price_in_force(model=model, sku=sku, region=region, on=TODAY, **more)


def test_a_price_in_force_is_in_nano_usd() -> None:
    found = price("gpt-5.1", "GlobalStandard")
    assert found is not None
    assert found.per_1m_nano == {
        "input": 1_250_000_000,
        "cached_input": 125_000_000,
        "output": 10_000_000_000,
    }
    assert (found.source, found.as_of) == ("Azure Retail Prices", date(2025, 11, 30))


def test_no_price_is_invented() -> None:
    assert price("gpt-5.1", "Standard") is None
    assert price("gpt-5.1", "GlobalStandard", "japaneast") is None
    assert price("gpt-5.4", "GlobalStandard") is None
    assert selectors.price_source() == ("Azure Retail Prices", date(2025, 11, 30))


def test_nothing_is_priced_before_its_price_took_effect() -> None:
    assert (
        selectors.price_in_force(
            model="gpt-5.1", sku="GlobalStandard", region="swedencentral", on=date(2025, 10, 31)
        )
        is None
    )


def test_provisioned_types_cost_per_ptu_and_hour_whatever_the_model() -> None:
    found = price("gpt-5.1", "GlobalProvisionedManaged")
    assert found is not None
    assert found.ptu_hour_nano == 1_000_000_000
    assert price("gpt-5.5", "GlobalProvisionedManaged") == found


def test_versions_of_one_model_can_cost_different_amounts() -> None:
    costs = {
        version: found.per_1m_nano["input"]
        for version in ("2024-05-13", "2024-11-20")
        if (found := price("gpt-4o", "GlobalStandard", version=version))
    }
    assert costs == {"2024-05-13": 5_000_000_000, "2024-11-20": 2_500_000_000}
    assert price("gpt-4o", "GlobalStandard") is None


@pytest.mark.parametrize(
    ("model", "day", "retired"),
    [
        ("gpt-4.1", date(2026, 10, 13), False),
        ("gpt-4.1", date(2026, 10, 14), True),
        ("gpt-5.1-chat", date(2026, 6, 29), True),
        ("gpt-5.1", TODAY, False),
        ("computer-use-preview", TODAY, False),  # no date is known
    ],
)
def test_a_version_is_gone_from_its_date_on(model: str, day: date, *, retired: bool) -> None:
    assert selectors.versions(model)[0].retired(day) is retired


def test_the_sources_disagree_and_the_catalogue_says_so() -> None:
    found = selectors.conflicts(TODAY)
    assert len(found.quota_without_region) == 12
    assert len(found.regions_without_quota) == 18
    assert "gpt-6-sol" in found.quota_without_region
    assert "whisper" in found.regions_without_quota
    listed = {(version.model, str(version.retires_on)) for version in found.retired_but_listed}
    assert {("gpt-4.1", "2026-10-14"), ("gpt-5.1-chat", "2026-06-29")} <= listed
    note = selectors.notes("gpt-4.1", TODAY)[0]
    assert "2025-04-14 (retired 14\u00a0Oct)" in note
    assert "Microsoft Learn, model retirements, 31\u00a0Aug" in note
    assert selectors.notes("gpt-5.1", TODAY) == []


ALLOWED = """
public        GlobalStandard    swedencentral  yes
internal      GlobalStandard    japaneast      yes
confidential  GlobalStandard    swedencentral  no   Data Zone Standard in swedencentral
confidential  DataZoneStandard  swedencentral  yes
confidential  DataZoneStandard  eastus         yes
confidential  DataZoneStandard  norwayeast     no   Standard (regional) in norwayeast
confidential  GlobalBatch       swedencentral  no   Data Zone Batch in swedencentral
confidential  Standard          uksouth        yes
restricted    DataZoneStandard  swedencentral  no   Standard (regional) in swedencentral
restricted    GlobalProvisionedManaged  eastus no   Provisioned (regional) in eastus
restricted    GlobalBatch       eastus         no   Standard (regional) in eastus
restricted    ProvisionedManaged  eastus       yes
"""


@pytest.mark.parametrize("line", ALLOWED.strip().splitlines())
def test_residency_decides_and_says_what_would_pass(line: str) -> None:
    data_class, sku, region, allowed, *nearest = line.split(maxsplit=4)
    found = selectors.residency(data_class=data_class, sku=sku, region=region)
    assert found.allowed is (allowed == "yes")
    assert found.why
    assert found.would_pass == (f"{nearest[0]} would pass." if nearest else "")


def test_what_would_pass_is_offered_of_that_model() -> None:
    asked = {"data_class": "restricted", "sku": "GlobalStandard", "region": "swedencentral"}
    mini = selectors.residency(**asked, model="gpt-5-mini", version="2025-08-07")
    assert mini.would_pass.startswith("Provisioned (regional) in swedencentral")
    pro = selectors.residency(**asked, model="gpt-5-pro", version="2025-10-06")
    assert pro.would_pass.startswith("Nothing that is offered passes")


def test_without_a_choice_there_is_no_decision() -> None:
    found = selectors.residency(data_class="", sku="GlobalStandard", region="swedencentral")
    assert not found.allowed
    assert found.why.startswith("Choose")


def test_facts_are_read_once_for_a_web_request() -> None:
    selectors.models()
    snapshot.begin_request()
    try:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            for _ in range(5):
                price("gpt-5.1", "GlobalStandard")
                selectors.residency(data_class="public", sku="Standard", region="eastus")
    finally:
        snapshot.end_request()
    assert len(asked) == 1
