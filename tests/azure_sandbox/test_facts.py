"""The facts (usage tiers, the catalogue's own files), and state without a server."""

from types import SimpleNamespace

import pytest

from apps.azure_sandbox import engine, quota, resources
from apps.azure_sandbox import facts as catalogue
from apps.azure_sandbox.ids import required
from apps.azure_sandbox.sandbox import Sandbox
from apps.azure_sandbox.store import Store
from tests.azure_sandbox import facts
from tests.sandbox import FACTS

PROD = "00000000-0000-4000-8000-000000000101"


@pytest.mark.parametrize(("tier", "limit"), [(1, 1000), (2, 4000), (3, 4000), (6, 4000)])
def test_a_tier_s_limits_or_the_next_ones(tmp_path, tier, limit):
    found = catalogue.load(facts.write(tmp_path), tier)
    assert found.limit("swedencentral", "GlobalStandard", "gpt-5.1") == limit
    assert found.limit("swedencentral", "Standard", "gpt-5.1") == 300


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


def test_a_soft_deleted_account_is_purged_after_two_days(tmp_path):
    az = Sandbox(tmp_path, catalogue.load(facts.write(tmp_path / "facts")))
    group = f"/subscriptions/{PROD}/resourceGroups/rg"
    rid = required(f"{group}/providers/Microsoft.CognitiveServices/accounts/old")
    body = {"kind": "OpenAI", "sku": {"name": "S0"}, "location": "swedencentral"}
    resources.write(az, rid, body, az.now(), state="Succeeded")
    for deleted_at, kept in ((az.now() - 47 * 3600, 1), (az.now() - 49 * 3600, 0)):
        resources.remove(az, rid, deleted_at)
        resources.write(az, rid, body, az.now(), state="Succeeded")
        engine.advance(az)
        assert len(az.store.all("deleted")) == kept
    az.store.close()


def test_documents_keep_their_order_over_a_restart(tmp_path):
    names = [f"document-{number}" for number in range(50)]
    first = Store(tmp_path / "state.sqlite")
    for name in names:
        first.put("kind", name, {})
    first.close()
    second = Store(tmp_path / "state.sqlite")
    assert list(second.all("kind")) == names
    second.close()
