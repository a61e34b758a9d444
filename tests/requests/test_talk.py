"""A question stops the clock, an answer starts it; notes stay where they belong."""

import pytest

from apps.approvals import services as approvals
from apps.kernel.errors import ConflictError, InvalidError, NotAllowedError
from apps.requests import selectors, services
from apps.teams.models import Membership, Team
from tests.approvals.offices import CHEAP, again
from tests.requests.asks import draft, room, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(people):
    room()
    return submitted(people.alice)


def test_ask_and_answer_move_the_request(people, row):
    approvals.ask(request=row, body="Every day?", by=people.petra)
    row.refresh_from_db()
    assert row.status == "needs_info"
    with pytest.raises(ConflictError, match=r"cannot be decided now. It waits for an answer"):
        approvals.approve(request=row, by=people.jonas)
    with pytest.raises(ConflictError, match=r"cannot be decided now"):
        approvals.ask(request=row, body="And why?", by=people.jonas)
    services.answer(request=row, body="On working days.", by=people.bob)
    row.refresh_from_db()
    assert row.status == "in_review"
    said = [(m.kind, m.author.first_name) for m in selectors.conversation(people.alice, row)]
    assert said == [("question", "Petra"), ("answer", "Bob")]
    with pytest.raises(ConflictError, match=r"No question is open"):
        services.answer(request=row, body="Again.", by=people.alice)


def test_nobody_has_to_wait_for_an_answer_to_say_no(people, row):
    approvals.ask(request=row, body="Every day?", by=people.petra)
    approvals.reject(request=row, reason="No answer in a week.", by=people.petra)
    row.refresh_from_db()
    assert row.status == "rejected"


def test_only_those_who_may_ask_for_the_team_answer(people, row):
    approvals.ask(request=row, body="Every day?", by=people.petra)
    for who in (people.petra, people.audra, people.dora):
        with pytest.raises(NotAllowedError):
            services.answer(request=row, body="Yes.", by=who)


def test_internal_notes_are_read_by_those_who_decide(people, row):
    services.say(request=row, body="Offer Batch.", internal=True, by=people.petra)
    services.say(request=row, body="Thank you.", by=people.alice)
    assert len(selectors.conversation(people.jonas, row)) == 2
    assert [m.body for m in selectors.conversation(people.alice, row)] == ["Thank you."]
    with pytest.raises(NotAllowedError, match=r"notes for approvers"):
        services.say(request=row, body="Psst.", internal=True, by=people.alice)


def test_an_auditor_changes_nothing(people, row):
    with pytest.raises(NotAllowedError):
        services.say(request=row, body="I was here.", by=people.audra)


@pytest.mark.parametrize("body", ["", "   ", "x" * 5000, "a\0b"])
def test_what_is_not_a_message(people, row, body):
    with pytest.raises(InvalidError) as refused:
        services.say(request=row, body=body, by=people.alice)
    assert refused.value.fields["body"].endswith(".")


def test_nobody_reads_a_draft(people):
    with pytest.raises(ConflictError, match=r"Nobody reads a draft"):
        services.say(request=draft(people.alice), body="Hello", by=people.alice)


def test_whoever_asks_reads_no_internal_notes_whatever_else_they_are(people):
    Membership.objects.create(
        person=people.petra, role="requester", team=Team.objects.get(slug="claims")
    )
    room()
    mine = submitted(again(people.petra), **CHEAP)
    services.say(request=mine, body="Let us talk first.", internal=True, by=people.jonas)
    assert not selectors.conversation(again(people.petra), mine).exists()
    with pytest.raises(NotAllowedError, match=r"notes for approvers"):
        services.say(request=mine, body="Psst.", internal=True, by=again(people.petra))
