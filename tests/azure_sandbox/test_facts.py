"""The facts: usage tiers, and the catalogue's own files."""

from types import SimpleNamespace

import pytest

from apps.azure_sandbox import facts as catalogue
from apps.azure_sandbox import quota
from apps.azure_sandbox.store import Store
from tests.azure_sandbox import facts
from tests.sandbox import FACTS

PROD = "00000000-0000-4000-8000-000000000101"


@pytest.mark.parametrize(("tier", "limit"), [(1, 1000), (2, 4000), (3, 4000), (6, 4000)])
def test_a_tier_s_limits_or_the_next_ones(tmp_path, tier, limit):
    found = catalogue.load(facts.write(tmp_path), tier)
    assert found.limit("swedencentral", "GlobalStandard", "gpt-5.1") == limit
    assert found.limit("swedencentral", "Standard", "gpt-5.1") == 300


def test_the_demo_s_model_has_a_thousand_at_least(tmp_path):
    folder = facts.write(tmp_path)
    text = (folder / "quotas.csv").read_text()
    (folder / "quotas.csv").write_text(text.replace("1,1000000,10000", "1,30000,300"))
    found = catalogue.load(folder)
    assert found.limit("swedencentral", "GlobalStandard", "gpt-5.1") == 4000


def test_the_catalogue_s_own_facts(tmp_path):
    store = Store(tmp_path / "state.sqlite")
    az = SimpleNamespace(facts=catalogue.load(FACTS), store=store)
    assert az.facts.limit("swedencentral", "GlobalStandard", "gpt-5.1") >= 1000
    room = quota.available_capacity(az, PROD, "swedencentral", "GlobalStandard", "gpt-5.1")
    assert room >= 20_000
    offered = [(r, s, m) for r, found in az.facts.offers.items() for s, m in found]
    rooms = [quota.available_capacity(az, PROD, *where) for where in offered]
    none = sum(room == 0 for room in rooms) / len(rooms)
    assert 0.02 < none < 0.2  # "quota yes, capacity no" exists, and is the exception
    store.close()
