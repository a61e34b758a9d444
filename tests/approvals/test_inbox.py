"""The inbox: what waits for whom, the longest wait first."""

import pytest
from django.utils import timezone

from apps.approvals import services
from apps.approvals.models import Step
from apps.approvals.selectors import inbox, inbox_count, pace
from apps.approvals.selectors.inbox import Pace
from apps.requests import services as requests
from apps.requests.models import ResourceRequest
from apps.teams.models import Person
from tests.requests.asks import plain, room, submitted
from tests.requests.test_pages import many

pytestmark = pytest.mark.django_db
CHEAP = {"capacity": 10, "requests_per_day": 100}


def text_of(response):
    return plain(response.content.decode())


def again(person):
    """Read somebody anew: what waits for them is counted once per page."""
    return Person.objects.get(pk=person.pk)


def waiting(people, count):
    """Requests in review with an open step, as submit leaves them."""
    many(people, count, status="in_review")
    Step.objects.bulk_create(
        Step(
            request=row,
            position=1,
            label="Platform",
            action="decide.platform",
            rule="P-01: the platform always decides",
            status="open",
            opened_at=timezone.now(),
        )
        for row in ResourceRequest.objects.filter(steps=None)
    )


def test_each_sees_what_waits_for_them(people):
    room()
    row = submitted(people.alice)
    counts = {who: inbox_count(again(person)) for who, person in vars(people).items()}
    assert counts == {**dict.fromkeys(counts, 0), "petra": 1, "jonas": 1}
    services.approve(request=row, by=people.petra)
    counts = {who: inbox_count(again(person)) for who, person in vars(people).items()}
    assert counts == {**dict.fromkeys(counts, 0), "fiona": 1}


def test_the_longest_wait_comes_first(people, client_of):
    room()
    rows = [submitted(people.alice, **CHEAP) for _ in range(3)]
    Step.objects.filter(request=rows[2], status="open").update(
        opened_at=timezone.now() - timezone.timedelta(days=2)
    )
    page = text_of(client_of(people.petra).get("/inbox/"))
    assert page.index(f"{rows[2].number},") < page.index(f"{rows[0].number},")
    assert "3 requests wait for your decision" in page


def test_questions_and_decisions_have_their_tabs(people, client_of):
    room()
    first, second = submitted(people.alice, **CHEAP), submitted(people.alice, **CHEAP)
    services.ask(request=first, body="Why?", by=people.petra)
    services.approve(request=second, by=people.petra)
    client = client_of(people.petra)
    assert "Nothing waits for your decision" in text_of(client.get("/inbox/"))
    assert first.number in text_of(client.get("/inbox/?tab=held"))
    decided = text_of(client.get("/inbox/?tab=decided"))
    assert second.number in decided
    assert first.number not in decided


def test_filter_by_business_unit(people, client_of):
    room()
    row = submitted(people.alice, **CHEAP)
    client = client_of(people.petra)
    assert row.number in text_of(client.get("/inbox/?unit=insurance"))
    assert "Nothing of this business unit" in text_of(client.get("/inbox/?unit=retail-bank"))
    assert row.number in text_of(client.get("/inbox/?unit=no-such-unit&tab=nonsense"))


@pytest.mark.parametrize("who", ["alice", "bob", "charlie", "audra"])
def test_who_decides_nothing_has_an_empty_inbox_that_the_rail_does_not_name(people, client_of, who):
    room()
    submitted(people.alice, **CHEAP)
    page = text_of(client_of(getattr(people, who)).get("/inbox/"))
    assert "You are through" in page
    assert 'href="/inbox/"' not in text_of(client_of(getattr(people, who)).get("/catalogue/"))


def test_one_does_not_wait_for_oneself(people):
    from apps.teams.models import Membership, Team

    room()
    Membership.objects.create(
        person=people.petra, role="requester", team=Team.objects.get(slug="claims")
    )
    petra = Person.objects.get(pk=people.petra.pk)
    submitted(petra, **CHEAP)
    assert not inbox(petra).exists()
    assert inbox(people.jonas).count() == 1


@pytest.mark.parametrize("count", [10, 100])
def test_queries_do_not_grow_with_the_rows(people, client_of, django_assert_max_num_queries, count):
    room()
    waiting(people, count)
    client = client_of(people.petra)
    client.get("/inbox/")
    with django_assert_max_num_queries(18):
        page = client.get("/inbox/")
    assert page.content.count(b"p-bullet") == min(count, 25)
    with django_assert_max_num_queries(50):  # in a test each panel has a savepoint of its own
        client.get("/")


def test_acts_by_post_with_a_message_and_a_conflict_page(people, client_of):
    room()
    row = submitted(people.alice, **CHEAP)
    seen = row.steps.get(status="open").pk
    petra, jonas = client_of(people.petra), client_of(people.jonas)
    page = petra.post(f"/requests/{row.pk}/approve/", {"step": seen, "reason": "ok"}, follow=True)
    assert f"You approved {row.number}. Building starts now." in text_of(page)
    late = jonas.post(f"/requests/{row.pk}/approve/", {"step": seen})
    assert late.status_code == 409
    assert f"Petra Novak approved {row.number} already" in text_of(late)
    for step in ("x", "-1", "9" * 40):
        assert jonas.post(f"/requests/{row.pk}/reject/", {"step": step}).status_code == 409


def test_a_no_without_a_reason_is_refused(people, client_of):
    room()
    row = submitted(people.alice, **CHEAP)
    response = client_of(people.petra).post(f"/requests/{row.pk}/reject/", {"reason": ""})
    assert response.status_code == 422
    assert "Write why, and what would pass" in text_of(response)


def test_the_pace_counts_no_yes_that_was_said_before_the_submit(people):
    room()
    row = submitted(people.alice, **CHEAP)
    services.approve(request=row, by=people.petra)
    assert pace(again(people.petra)).decided == 1
    requests.return_to_requester(type("Trouble", (), {"request_id": row.pk, "sentence": "No."}))
    assert requests.submit_request(request=row, by=people.alice).status == "approved"
    assert pace(again(people.petra)) == Pace(decided=0, median=None)
