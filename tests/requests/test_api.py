"""The API: the same services, rights and rules as the pages."""

import pytest

from apps.requests.models import ResourceRequest
from apps.teams.models import Workload
from tests.requests.asks import draft, plain, room, submitted, typed

pytestmark = pytest.mark.django_db
JSON = {"content_type": "application/json"}
CHEAP = {"capacity": 100, "requests_per_day": 100}


def ask(client, **changes):
    body = {"kind": "model_deployment", "payload": {**typed(), **changes}}
    return client.post("/api/requests/", body, **JSON)


def test_from_draft_to_review(people, client_of):
    room()
    client = client_of(people.alice)
    made = ask(client, capacity=1)
    assert made.status_code == 201
    url = f"/api/requests/{made.json()['id']}/"
    assert made.json()["status"] == "draft"
    changed = client.patch(url, {"payload": {"capacity": 200}}, **JSON).json()
    assert changed["payload"]["capacity"] == 200
    assert changed["payload"]["purpose"] == "Sort incoming claims by urgency."
    sent = client.post(f"{url}submit/", {}, **JSON).json()
    assert (sent["status"], sent["number"]) == ("in_review", f"REQ-{sent['id']}")
    assert sent["estimate"]["expected_nano"] > 0
    found = client.get("/api/requests/?mine=1&tab=open").json()["results"]
    assert [one["id"] for one in found] == [sent["id"]]
    back = client.post(f"{url}withdraw/", {"reason": "No longer."}, **JSON).json()
    assert back["status"] == "withdrawn"


def test_it_refuses_what_the_form_hides(people, client_of):
    room()
    client = client_of(people.alice)
    foreign = str(Workload.objects.get(slug="fraud-notes").pk)
    for changes, field in (
        ({"data_class": "confidential"}, "sku"),
        ({"model": "gpt-4.1", "version": "2025-04-14"}, "version"),
        ({"region": "polandcentral"}, "region"),
        ({"capacity": 0}, "capacity"),
        ({"capacity": -1}, "capacity"),
        ({"capacity": 10**9}, "capacity"),
        ({"capacity": 1.5}, "capacity"),
        ({"capacity": "1e9"}, "capacity"),
        ({"capacity": True}, "capacity"),
        ({"workload": foreign}, "workload"),
        ({"environment": "moon"}, "environment"),
        ({"purpose": ""}, "purpose"),
    ):
        made = ask(client, **changes)
        answer = client.post(f"/api/requests/{made.json()['id']}/submit/", {}, **JSON)
        assert answer.status_code == 422, changes
        assert answer["Content-Type"] == "application/problem+json"
        problem = answer.json()
        assert problem["errors"][field].endswith("."), changes
        assert problem["detail"]
        assert problem["request_id"]
    assert not ResourceRequest.objects.exclude(status="draft").exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("[]", 422),
        ('"x"', 422),
        ("{", 400),
        ('{"kind": "gpu", "payload": {}}', 404),
        ('{"kind": ["model_deployment"], "payload": {}}', 404),
        ("{}", 404),
        ('{"kind": "model_deployment", "payload": []}', 422),
        ('{"kind": "model_deployment", "payload": {"colour": 1}}', 422),
        ('{"kind": "model_deployment", "payload": {"purpose": {"a": 1}}}', 422),
        ('{"kind": "model_deployment", "payload": {"purpose": "\\u0000"}}', 422),
        ('{"kind": "model_deployment", "payload": {"purpose": "\\ud800"}}', 422),
        ('{"kind": "model_deployment", "payload": {"capacity": NaN}}', 400),
        ('{"kind": "model_deployment", "payload": {"capacity": ' + "9" * 400 + "}}", 422),
        ('{"kind": "model_deployment", "payload": {"purpose": "' + "x" * 100_000 + '"}}', 422),
    ],
)
def test_bad_bodies_are_problems_with_a_sentence(people, client_of, body, status):
    answer = client_of(people.alice).post("/api/requests/", body, **JSON)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert not ResourceRequest.objects.exists()


def test_who_sees_nothing_gets_a_404(people, client_of):
    room()
    row = submitted(people.alice, **CHEAP)
    client = client_of(people.charlie)
    for method, path, body in (
        ("get", "", None),
        ("patch", "", {"payload": {}}),
        ("post", "submit/", {}),
        ("post", "withdraw/", {}),
        ("get", "messages/", None),
        ("post", "messages/", {"body": "Hello"}),
    ):
        call = getattr(client, method)
        url = f"/api/requests/{row.pk}/{path}"
        answer = call(url) if body is None else call(url, body, **JSON)
        assert answer.status_code == 404, (method, path)


def test_the_conversation(people, client_of):
    room()
    row = submitted(people.alice, **CHEAP)
    url = f"/api/requests/{row.pk}/messages/"
    petra, alice = client_of(people.petra), client_of(people.alice)
    assert petra.post(url, {"body": "Psst", "internal": True}, **JSON).status_code == 201
    assert alice.post(url, {"body": "Hello"}, **JSON).status_code == 201
    assert [m["body"] for m in alice.get(url).json()] == ["Hello"]
    assert len(petra.get(url).json()) == 2
    assert alice.post(url, {"body": "Yes", "answers": True}, **JSON).status_code == 409
    for body in ({}, {"body": ""}, {"body": "x" * 5000}, {"body": 5, "internal": "?"}):
        assert alice.post(url, body, **JSON).status_code == 422, body


def test_options_and_estimate_of_a_partial_payload(people, client_of):
    room()
    client = client_of(people.alice)
    chosen = {
        "payload": {
            "model": "gpt-5.1",
            "version": "2025-11-13",
            "sku": "Standard",
            "data_class": "restricted",
            "environment": "prod",
        }
    }
    options = client.post("/api/kinds/model_deployment/options/", chosen, **JSON).json()
    assert {o["value"] for o in options["sku"] if not o["why_not"]} == {
        "Standard",
        "ProvisionedManaged",
    }
    sweden = next(o for o in options["region"] if o["value"] == "swedencentral")
    assert plain(sweden["hint"]) == "100 K TPM free"
    chosen["payload"] |= {"region": "swedencentral", "capacity": 5000}
    answer = client.post("/api/kinds/model_deployment/estimate/", chosen, **JSON).json()
    assert answer["estimate"]["expected_nano"] is None
    assert answer["estimate"]["note"].startswith("No price known for gpt-5.1 Standard")
    assert "100" in answer["errors"]["capacity"]
    assert client.post("/api/kinds/gpu/options/", chosen, **JSON).status_code == 404
    assert (
        client_of(people.audra)
        .post("/api/kinds/model_deployment/options/", chosen, **JSON)
        .status_code
        == 403
    )


def test_the_schema_has_one_payload_per_kind(people, client_of):
    answer = client_of(people.alice).get("/api/schema/?format=json")
    schema = answer.json()
    asked = schema["components"]["schemas"]["Asked"]
    assert asked["discriminator"]["propertyName"] == "kind"
    assert set(asked["discriminator"]["mapping"]) == {"model_deployment"}
    spec = schema["components"]["schemas"]["ModelDeploymentSpec"]
    assert spec["properties"]["capacity"]["type"] == "integer"
    assert spec["properties"]["model"]["type"] == "string"
    post = schema["paths"]["/api/requests/"]["post"]
    assert post["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("Asked")


@pytest.mark.parametrize("count", [10, 100])
def test_queries_do_not_grow_with_the_rows(people, client_of, django_assert_max_num_queries, count):
    from tests.requests.test_pages import many

    many(people, count, status="in_review")
    client = client_of(people.alice)
    with django_assert_max_num_queries(8):
        found = client.get("/api/requests/").json()
    assert len(found["results"]) == min(count, 25)
    assert bool(found["older"]) == (count > 25)


def test_a_draft_of_the_form_can_be_submitted_by_the_api(people, client_of):
    room()
    row = draft(people.alice, **CHEAP)
    answer = client_of(people.bob).post(f"/api/requests/{row.pk}/submit/", {}, **JSON)
    assert answer.json()["requester"] == "bob@northwind.example"
