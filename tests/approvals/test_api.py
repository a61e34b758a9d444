"""Deciding over the API: the same services, rights and sentences as the pages."""

import pytest

from apps.approvals.models import Step
from tests.requests.asks import room, submitted

pytestmark = pytest.mark.django_db
JSON = {"content_type": "application/json"}


@pytest.fixture
def row(people):
    room()
    return submitted(people.alice)


def post(client, row, act, **body):
    return client.post(f"/api/requests/{row.pk}/{act}/", body, **JSON)


def test_the_inbox_lists_what_waits_for_the_caller(people, client_of, row):
    (found,) = client_of(people.petra).get("/api/inbox/").json()["results"]
    assert found["request"]["id"] == row.pk
    assert found["step"] == Step.objects.get(request=row, status="open").pk
    assert client_of(people.alice).get("/api/inbox/").json()["results"] == []
    refused = client_of(people.petra).get("/api/inbox/?stat=open")
    assert refused.status_code == 422


def test_steps_say_whom_a_request_waits_for_and_what_would_pass(people, client_of, row):
    body = client_of(people.alice).get(f"/api/requests/{row.pk}/steps/").json()
    (wait,) = body["waits"]
    assert people.petra.email in wait["people"]
    assert wait["rule"].startswith("P-01")
    assert "enough" in wait["passes"]
    assert [step["status"] for step in body["steps"]][:1] == ["open"]
    assert client_of(people.charlie).get(f"/api/requests/{row.pk}/steps/").status_code == 404


def test_a_yes_counts_once_and_only_for_the_step_that_was_read(people, client_of, row):
    client = client_of(people.petra)
    step = client.get("/api/inbox/").json()["results"][0]["step"]
    assert post(client, row, "approve", step=step + 1).status_code == 409
    assert post(client, row, "approve", step="first").status_code == 422
    answer = post(client, row, "approve", step=step, reason="Room enough.")
    assert answer.status_code == 200
    again = post(client, row, "approve", step=step)
    assert again.status_code == 409
    steps = client.get(f"/api/requests/{row.pk}/steps/").json()["steps"]
    (vote,) = [vote for one in steps for vote in one["votes"]]
    assert (vote["person"], vote["voice"]) == (people.petra.email, people.petra.email)
    assert (vote["verdict"], vote["reason"]) == ("approve", "Room enough.")


def test_a_no_needs_a_reason(people, client_of, row):
    client = client_of(people.petra)
    refused = post(client, row, "reject")
    assert refused.status_code == 422
    assert "what would pass" in refused.json()["errors"]["reason"]
    assert post(client, row, "reject", reason="Use the shared one.").json()["status"] == "rejected"


def test_an_offer_is_made_and_accepted(people, client_of, row):
    lead, admin = client_of(people.alice), client_of(people.petra)
    empty = post(admin, row, "offer", note="Less.")
    assert empty.status_code == 422
    less = row.payload["capacity"] // 2
    made = post(admin, row, "offer", changes={"capacity": less}, note="Half is free.")
    assert made.json()["status"] == "needs_info"
    (wait,) = lead.get(f"/api/requests/{row.pk}/steps/").json()["waits"]
    assert wait["label"] == "Offer"
    assert post(admin, row, "offer/accept").status_code == 403
    taken = post(lead, row, "offer/accept").json()
    assert taken["payload"]["capacity"] == less
    assert taken["status"] != "needs_info"


def test_an_offer_is_declined_and_a_question_asked(people, client_of, row):
    lead, admin = client_of(people.alice), client_of(people.petra)
    post(admin, row, "offer", changes={"capacity": 1}, note="One is free.")
    back = post(lead, row, "offer/decline", reason="Too little.")
    assert back.json()["status"] == "in_review"
    asked = post(admin, row, "ask", body="For how long?")
    assert asked.json()["status"] == "needs_info"
    assert post(admin, row, "ask").status_code == 422


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_the_team_does_not_decide_on_its_own(people, client_of, row, who):
    for act in ("approve", "reject", "ask", "offer"):
        body = {"reason": "x", "body": "x", "note": "x", "changes": {"capacity": 1}}
        assert post(client_of(getattr(people, who)), row, act, **body).status_code == 403
