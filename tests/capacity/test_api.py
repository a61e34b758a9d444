"""The capacity API: the same pools and sums as the page."""

import pytest

from tests.capacity.pools import pool

pytestmark = pytest.mark.django_db


def test_pools_are_listed_with_what_is_free(people, client_of):
    pool(1000, used=300)
    pool(0, region="francecentral")
    body = client_of(people.alice).get("/api/capacity/").json()
    (found,) = body["results"]
    assert {name: found[name] for name in ("limit", "azure_used", "foreign", "free", "unit")} == {
        "limit": 1000,
        "azure_used": 300,
        "foreign": 300,
        "free": 700,
        "unit": "K TPM",
    }
    everything = client_of(people.alice).get("/api/capacity/?show=all&region=francecentral")
    assert [one["free"] for one in everything.json()["results"]] == [0]


def test_pages_follow_each_other(people, client_of):
    for number in range(30):
        pool(number + 1, region=f"region{number:02}")
    client = client_of(people.petra)
    first = client.get("/api/capacity/").json()
    second = client.get("/api/capacity/", {"cursor": first["older"]}).json()
    regions = [one["region"] for one in first["results"] + second["results"]]
    assert regions == [f"region{number:02}" for number in range(30)]
    assert second["older"] == ""


def test_a_misspelt_filter_is_refused(people, client_of):
    answer = client_of(people.alice).get("/api/capacity/?regoin=x")
    assert answer.status_code == 422
    assert "There are: text, region" in answer.json()["detail"]
