"""What it costs a month, to the nano, and what else would have room."""

from datetime import date
from decimal import Decimal

import pytest

from apps.kernel.money import nano
from apps.kinds.model_deployment.estimate import alternatives, estimate
from apps.kinds.model_deployment.kind import claims, placing, title
from apps.requests.kinds import Payload
from tests.capacity.pools import machines, pool
from tests.requests.asks import DATAZONE, plain, room

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)
GOOD = {
    "data_class": "internal",
    "model": "gpt-5.1",
    "version": "2025-11-13",
    "sku": "GlobalStandard",
    "region": "swedencentral",
    "capacity": 500,
    "requests_per_day": 4200,
    "input_tokens": 1155,
    "output_tokens": 211,
}


def payload(**changes):
    data = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return Payload(data, "claims-triage", "prod", "prod", TODAY)


def facts_of(asked):
    return {plain(name): plain(value) for name, value in estimate(asked).facts}


def test_expected_low_and_limit_add_up_to_the_nano():
    """Prices of gpt-5.1 Global Standard: 1.25 in, 0.125 cached, 10 out (Azure, 1 Nov 2025)."""
    found = estimate(payload())
    tokens_in, tokens_out = Decimal(4200 * 1155 * 730) / 24, Decimal(4200 * 211 * 730) / 24
    assert found.lines[0].amount_nano == nano(tokens_in * Decimal("1.25") / 10**6)
    assert found.lines[1].amount_nano == nano(tokens_out * 10 / 10**6)
    assert found.expected_nano == sum(line.amount_nano for line in found.lines)
    cached = nano(tokens_in * Decimal("0.125") / 10**6)
    assert found.low_nano == found.lines[1].amount_nano + cached
    minutes, mix = 730 * 60, Decimal(1155 * Decimal("1.25") + 211 * 10) / 1366
    assert found.limit_nano == nano(Decimal(500_000 * minutes) * mix / 10**6)
    assert found.low_nano < found.expected_nano < found.limit_nano


def test_it_says_how_it_was_reckoned_and_from_which_list():
    found = estimate(payload())
    assert "A month is 730 hours." in found.note
    assert "Low: all input read from the cache." in found.note
    assert found.source == "List price since 1 Nov 2025 (Azure Retail Prices, 30 Nov 2025)"
    assert plain(found.lines[0].label) == "Input 147.6 M × 1.25"


def test_the_capacity_carries_what_tokens_and_requests_allow():
    facts = facts_of(payload())
    assert facts["500 K TPM carry"] == "366 requests / min"
    assert facts["Azure’s request limit"] == "5 000 / min"
    codex = facts_of(payload(model="gpt-5.1-codex", input_tokens=100))
    assert codex["500 K TPM carry"] == "500 requests / min", "1 per K TPM, not 10"


def test_free_quota_and_machines_stand_in_the_estimate():
    room()
    facts = facts_of(payload())
    assert facts["Free quota"] == "1 000 K TPM"
    assert facts["Azure’s machines can take"] == "5 000 K TPM"
    assert facts_of(payload(region="eastus"))["Free quota"] == "none"


def test_no_price_known_says_where_was_looked():
    """gpt-5.1 Standard in swedencentral has no price in Azure's list."""
    found = estimate(payload(sku="Standard"))
    assert (found.low_nano, found.expected_nano, found.limit_nano) == (None, None, None)
    assert found.note.startswith(
        "No price known for gpt-5.1 Standard (regional) in swedencentral "
        "(Azure Retail Prices, 30 Nov 2025)."
    )
    assert "finance then decides" in found.note
    assert found.complete


def test_a_token_class_without_a_price_is_not_free():
    assert (
        estimate(
            payload(
                model="text-embedding-3-large",
                version="1",
                sku="Standard",
                region="eastus",
                output_tokens=5,
            )
        ).expected_nano
        is None
    )
    only_input = estimate(
        payload(
            model="text-embedding-3-large",
            version="1",
            sku="Standard",
            region="eastus",
            output_tokens=0,
        )
    )
    assert only_input.expected_nano is not None
    assert only_input.low_nano == only_input.expected_nano
    assert "no price for cached input is known" in only_input.note


def test_provisioned_units_are_paid_by_the_hour():
    found = estimate(payload(sku="DataZoneProvisionedManaged", capacity=15))
    assert found.low_nano == found.expected_nano == found.limit_nano == nano("1.1") * 15 * 730
    facts = {plain(name): value for name, value in found.facts}
    assert facts["15 PTU carry"] == f"{15 * 4750 // (1155 + 8 * 211)} requests / min"


def test_a_batch_queue_is_filled_once_a_day():
    found = estimate(payload(sku="GlobalBatch", capacity=1000))
    assert "Limit: the queue filled once a day." in found.note
    per_request = Decimal(1155 * Decimal("0.625") + 211 * 5) / 10**6
    tokens = Decimal(1_000_000 * 730) / 24
    assert abs(found.limit_nano - nano(tokens / 1155 * per_request)) < 10**6


@pytest.mark.parametrize("missing", ["requests_per_day", "input_tokens", "output_tokens"])
def test_what_is_missing_is_asked_for(missing):
    found = estimate(payload(**{missing: None}))
    assert found.expected_nano is None
    assert not found.complete
    assert found.note == "Fill in the expected use to see a price."


def test_no_alternative_is_offered_where_there_is_room():
    room()
    assert alternatives(payload()) == []


def test_other_regions_and_types_and_less_are_offered_with_their_price():
    room()
    found = alternatives(payload(capacity=1500))
    assert [one.values for one in found] == [
        {"region": "francecentral"},
        {"capacity": "1000"},
    ]
    assert plain(found[0].free) == "2 000 K TPM free"
    assert found[0].note == "same price"
    assert found[1].title.startswith("swedencentral, 1")


def test_another_type_in_the_same_region_says_what_it_costs_more():
    pool(100)
    pool(800, meter=DATAZONE)
    found = alternatives(payload())
    assert found[0].values == {"sku": "DataZoneStandard"}
    assert plain(found[0].note) == "+45.40 USD a month, +10 %"


def test_an_alternative_has_to_have_machines_too():
    room()
    machines(10, region="francecentral")
    assert {"region": "francecentral"} not in [
        one.values for one in alternatives(payload(capacity=1500))
    ]


def test_an_alternative_passes_the_residency_rules():
    room()
    found = alternatives(payload(data_class="confidential", sku="GlobalStandard"))
    assert [one.values for one in found] == [{"sku": "DataZoneStandard"}]


def test_claims_place_and_title():
    (claim,) = claims(payload())
    assert (claim.tier, claim.region, claim.amount, claim.unit) == (
        "prod",
        "swedencentral",
        500,
        "K TPM",
    )
    assert claim.meter == "OpenAI.GlobalStandard.gpt-5.1"
    (units,) = claims(payload(sku="ProvisionedManaged", capacity=50))
    assert (units.meter, units.unit) == ("OpenAI.ProvisionedManaged", "PTU")
    assert placing(payload()).region == "swedencentral"
    assert plain(title(GOOD)) == ("gpt-5.1 Global Standard, 500 K TPM, swedencentral")
    assert title({"model": "gpt-5.1"}) == "gpt-5.1"
    assert title({"capacity": "x" * 500, "sku": "GlobalStandard"}) == "Global Standard"
