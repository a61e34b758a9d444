"""The catalogue's API says what its pages say."""

import pytest

from apps.catalog import selectors

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(people, client_of):
    return client_of(people.alice)


def test_models_are_listed_filtered_and_paged(client):
    first = client.get("/api/models/").json()
    assert first["matching"] > len(first["results"]) == 25
    second = client.get("/api/models/", {"cursor": first["older"]}).json()
    names = [one["name"] for one in first["results"] + second["results"]]
    assert names == sorted(names)
    assert len(set(names)) == len(names)
    found = client.get("/api/models/", {"text": "gpt-5.1", "sku": "GlobalStandard"}).json()
    assert "gpt-5.1" in [one["name"] for one in found["results"]]


def test_a_model_tells_its_versions_and_where_they_run(client):
    body = client.get("/api/models/gpt-5.1/").json()
    (version,) = [one for one in body["versions"] if one["version"] == "2025-11-13"]
    offered = {(one["deployment_type"], one["region"]) for one in version["offers"]}
    assert offered == set(selectors.availability("gpt-5.1", "2025-11-13"))
    assert ("GlobalStandard", "swedencentral") in offered


def test_places_know_units_and_residency(client):
    body = client.get("/api/places/").json()
    units = {one["sku"]: one["unit"] for one in body["deployment_types"]}
    assert units["GlobalStandard"] == "K TPM"
    assert units["ProvisionedManaged"] == "PTU"
    (sweden,) = [one for one in body["regions"] if one["name"] == "swedencentral"]
    assert sweden["data_zone"] == "EU"
    refused = [rule for rule in body["residency"] if not rule["allowed"]]
    assert refused
    assert all(rule["why"] for rule in refused)


def test_a_price_is_the_one_in_force(client):
    offer = {"model": "gpt-5.1", "version": "2025-11-13", "sku": "GlobalStandard"}
    body = client.get("/api/prices/", {**offer, "region": "swedencentral"}).json()
    assert body["per_1m_nano"]["input"] == 1_250_000_000
    assert body["per_1m_nano"]["output"] == 10_000_000_000
    hour = {"model": "gpt-5.1", "sku": "GlobalProvisionedManaged", "region": "swedencentral"}
    assert client.get("/api/prices/", hour).json()["ptu_hour_nano"] == 1_000_000_000


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/api/models/?txt=gpt", 422, "There is no such parameter. There are: text"),
        ("/api/models/?cursor=bent", 400, "Start again from the first page"),
        ("/api/models/nothing/", 404, "no model “nothing”"),
        ("/api/prices/?model=gpt-5.1", 422, "Name sku, region."),
        ("/api/prices/?model=gpt-5.1&sku=GlobalStandard&region=x", 404, "No list price is known"),
        ("/api/prices/?model=m&sku=s&region=r&on=yesterday", 422, "Write it like 2026-11-25"),
        ("/api/prices/?model=m&sku=s&region=r&on=2026-02-30", 422, "is no day"),
    ],
)
def test_bad_questions_get_a_sentence(client, path, status, says):
    answer = client.get(path)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert says in answer.json()["detail"]
