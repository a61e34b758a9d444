"""What was built, over the API: the same acts, rights and sentences as its page."""

import pytest

from apps.provisioning.models import Resource

pytestmark = pytest.mark.django_db(transaction=True)
JSON = {"content_type": "application/json"}


@pytest.fixture
def resource(office):
    request = office.approved()
    office.until(office.build(request))
    return Resource.objects.get(request=request)


def test_a_resource_is_read_changed_and_given_back(office, resource, client_of):
    alice, url = client_of(office.people.alice), f"/api/resources/{resource.pk}/"
    (listed,) = alice.get("/api/resources/?status=live").json()["results"]
    read = alice.get(url).json()
    assert listed == read
    assert (read["name"], read["status"], read["recycle_until"]) == (resource.name, "live", None)
    assert not any("key" in name for name in read)
    assert client_of(office.people.charlie).get(url).status_code == 404
    assert client_of(office.people.charlie).get("/api/resources/").json()["results"] == []
    assert alice.get("/api/resources/?stauts=live").status_code == 422

    draft = alice.post(f"{url}change/", {}, **JSON)
    assert draft.status_code == 201
    assert (draft.json()["act"], draft.json()["about"]) == ("change", f"resource:{resource.pk}")
    unchanged = alice.post(f"/api/requests/{draft.json()['id']}/submit/", {}, **JSON)
    assert unchanged.status_code == 409
    assert "Nothing differs" in unchanged.json()["detail"]

    wrong = alice.post(f"{url}decommission/", {"typed": "another"}, **JSON)
    assert wrong.status_code == 422
    assert resource.name in wrong.json()["errors"]["typed"]
    asked = alice.post(f"{url}decommission/", {"typed": resource.name}, **JSON)
    assert asked.status_code == 201
    assert asked.json()["act"] == "decommission"
    again = alice.post(f"{url}renew/", {}, **JSON)
    assert again.status_code == 409
    assert "One thing is asked about a deployment at a time" in again.json()["detail"]

    assert alice.get(url).json()["status"] == "retiring"  # the policies ask nobody about this
    assert alice.post(f"{url}restore/", {}, **JSON).json()["status"] == "live"
    assert alice.post(f"{url}restore/", {}, **JSON).status_code == 409
