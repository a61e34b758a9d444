"""What may be chosen, what may not, why, and what would pass."""

from dataclasses import replace
from datetime import date

import pytest

from apps.catalog import selectors as catalog
from apps.kinds.model_deployment.options import check, choices, options
from apps.kinds.model_deployment.wanted import Wanted
from apps.requests.kinds import Payload
from tests.capacity.pools import machines, pool
from tests.requests.asks import METER, plain, room

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)
GOOD = {
    "data_class": "internal",
    "model": "gpt-5.1",
    "version": "2025-11-13",
    "sku": "GlobalStandard",
    "region": "swedencentral",
    "capacity": 100,
}


def payload(*, held=False, **changes):
    return Payload({**GOOD, **changes}, "claims-triage", "prod", "prod", TODAY, held)


def wanted(**changes):
    return Wanted.of(payload(**changes))


def option(field, value, **changes):
    return next(o for o in choices(wanted(**changes))[field] if o.value == value)


def test_a_choice_that_passes_has_no_errors():
    room()
    assert check(payload()) == {}


def test_only_models_that_are_offered_somewhere_are_listed():
    names = [o.value for o in choices(wanted())["model"]]
    offered = {
        name
        for name in catalog.models()
        if any(catalog.availability(name, v.version) for v in catalog.versions(name))
    }
    assert set(names) == offered
    assert set(catalog.models()) - offered, "models with a quota and no region exist"


@pytest.mark.parametrize(("model", "since"), [("gpt-4.1", "14 Oct"), ("gpt-5.1-chat", "29 Jun")])
def test_a_retired_model_stays_listed_with_its_date_and_cannot_be_chosen(model, since):
    listed = option("model", model)
    assert f"Retired since {since}." in plain(listed.why_not)
    version = catalog.versions(model)[0].version
    errors = check(payload(model=model, version=version))
    assert "Retired since" in errors["model"]
    assert "Retired since" in errors["version"]


def test_a_replacement_is_named_only_while_it_lives():
    for one in choices(wanted())["model"]:
        if "replaces it" in one.why_not:
            name = one.why_not.split(". ")[1].removesuffix(" replaces it.")
            assert not catalog.newest(name, TODAY).retired(TODAY)
    assert "gpt-5.1 replaces it" in option("model", "gpt-4o").why_not


def test_versions_come_newest_first():
    found = choices(wanted(model="gpt-4o"))["version"]
    assert [o.value for o in found] == sorted((o.value for o in found), reverse=True)
    assert all(o.why_not for o in found)
    assert option("version", "2025-11-13").label == "2025-11-13 (newest)"


def test_confidential_data_may_not_go_global_and_the_nearest_type_is_named():
    refused = option("sku", "GlobalStandard", data_class="confidential")
    assert refused.why_not == (
        "Confidential data stays in a data zone or one region. Data Zone Standard would pass."
    )
    assert not option("sku", "DataZoneStandard", data_class="confidential").why_not
    assert check(payload(data_class="confidential"))["sku"] == refused.why_not


def test_restricted_data_stays_in_one_region():
    passing = [o.value for o in choices(wanted(data_class="restricted"))["sku"] if not o.why_not]
    assert passing == ["Standard", "ProvisionedManaged"]


def test_a_type_that_the_model_does_not_have_says_so():
    found = option("sku", "DataZoneBatch", model="gpt-5.1-codex")
    assert found.why_not.startswith("Not offered for gpt-5.1-codex 2025-11-13.")
    assert found.why_not.endswith("would pass.")


def test_a_region_that_does_not_offer_the_type_names_one_that_passes_there():
    room()
    found = option("region", "eastus2", sku="Standard")
    offered = {sku for sku, region in wanted().offered if region == "eastus2"}
    assert ("Standard" in offered) == (not found.why_not.startswith("Standard (regional) is not"))
    lacking = [o for o in choices(wanted(sku="Standard"))["region"] if "not offered" in o.why_not]
    assert lacking
    assert all("would pass." in o.why_not for o in lacking)


def test_a_zone_type_outside_the_zones_is_refused_for_confidential_data():
    """Microsoft offers gpt-5.4 as Data Zone in norwayeast, which is in neither zone."""
    found = option(
        "region",
        "norwayeast",
        model="gpt-5.4",
        version="2026-03-05",
        sku="DataZoneStandard",
        data_class="confidential",
    )
    assert found.why_not.startswith("Confidential data stays in a data zone or one region")


def test_a_region_without_quota_names_the_nearest_with_most_room():
    room()
    found = option("region", "polandcentral")
    assert plain(found.why_not) == (
        "No quota for gpt-5.1 Global Standard here. francecentral has 2 000 K TPM free."
    )
    assert check(payload(region="polandcentral"))["region"] == found.why_not


def test_free_amounts_stand_beside_the_regions():
    room()
    assert plain(option("region", "swedencentral").hint) == "1 000 K TPM free"
    assert plain(option("region", "germanywestcentral").hint) == "300 K TPM free"


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        (1000, None),
        (1001, "1 000 K TPM are free in swedencentral. Ask for 1 000 or less, or take an"),
        (10_000_000, "1 000 K TPM are free in swedencentral."),
    ],
)
def test_more_than_is_free_is_refused_with_the_free_amount(amount, sentence):
    room()
    error = check(payload(capacity=amount)).get("capacity")
    if sentence is None:
        assert error is None
    else:
        assert plain(error).startswith(sentence)


def test_nothing_free_has_its_own_sentence():
    pool(100, used=100)
    assert check(payload()) == {
        "capacity": "Nothing is free in swedencentral. Take an alternative."
    }


def test_quota_and_machines_are_two_sentences():
    room()
    machines(40, region="francecentral")
    error = plain(check(payload(region="francecentral"))["capacity"])
    assert error == (
        "The quota has room, but Azure’s machines in francecentral can take 40 K TPM now. "
        "Ask for 40 or less, or take an alternative."
    )


def test_machines_with_no_room_at_all():
    pool(1000)
    machines(0)
    assert "can take nothing now. Take an alternative." in check(payload())["capacity"]


def test_provisioned_units_have_a_least_and_a_step():
    pool(500, meter="OpenAI.GlobalProvisionedManaged")
    pool(500, meter="OpenAI.ProvisionedManaged")
    ask = {"sku": "GlobalProvisionedManaged"}
    assert "starts at 15" in check(payload(**ask, capacity=10))["capacity"]
    assert "ask for 15 or 20" in check(payload(**ask, capacity=17))["capacity"]
    assert check(payload(**ask, capacity=20)) == {}
    regional = {"sku": "ProvisionedManaged"}
    assert "starts at 50" in check(payload(**regional, capacity=20))["capacity"]


def test_what_is_held_already_is_in_nobodys_way():
    full = pool(100, used=0)
    full.holds.create(subject="request:1", amount=100, why="held")
    assert "Nothing is free" in check(payload())["capacity"]
    assert check(payload(held=True)) == {}
    full.limit = 60
    full.save()
    assert "60" in check(payload(held=True))["capacity"]


def test_check_and_options_refuse_the_same(people):
    """Whatever options() greys out, check() refuses, for every choice of every field."""
    room()
    for name in ("model", "version", "sku", "region"):
        for one in choices(wanted())[name]:
            refused = check(payload(**{name: one.value})).get(name, "")
            assert bool(one.why_not) == bool(refused), (name, one)


def test_options_read_the_tier_from_the_environment(people):
    pool(70, tier="nonprod")
    found = options({**GOOD, "environment": "test"}, people.alice)["region"]
    hint = next(o for o in found if o.value == "swedencentral").hint
    assert plain(hint) == "70 K TPM free"


@pytest.mark.parametrize("name", ["model", "version", "sku", "region", "data_class"])
def test_what_does_not_exist_is_refused(name):
    room()
    assert "is not offered here" in check(payload(**{name: "no-such-thing"}))[name]


def test_one_query_for_all_pools_of_a_choice(django_assert_max_num_queries):
    room()
    with catalog.one_revision(), django_assert_max_num_queries(3):
        choices(replace(wanted(), capacity=5))
    assert catalog.meter("gpt-5.1", "GlobalStandard") == METER


def test_a_type_that_the_region_lacks_says_so():
    hint = option("sku", "DataZoneBatch", region="swedencentral").hint
    assert hint.startswith("Not in swedencentral; in ")
    assert option("sku", "GlobalStandard", region="swedencentral").hint.startswith("Processed")
