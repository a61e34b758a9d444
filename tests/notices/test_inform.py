"""Who is told what: each event once per person, never whoever did it, in one transaction."""

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.approvals import services as approvals
from apps.approvals.events import StepOpened
from apps.kernel import audit, events
from apps.kernel.errors import PortalError
from apps.notices import services
from apps.notices.models import Notice, TeamsChannel
from apps.notices.rules import QUIET, TOLD
from apps.provisioning.events import JobDone, JobStuck
from apps.requests import services as requests
from apps.requests.events import (
    QuestionAsked,
)
from apps.requests.models import Message, ResourceRequest
from apps.teams import services as teams
from apps.teams.models import BusinessUnit, Membership, Person, Team
from apps.teams.roles import Role
from tests.crash import connection_ends_before
from tests.requests.asks import draft, plain, room, submitted
from tests.test_story_table import all_events

pytestmark = pytest.mark.django_db
CHEAP = {"capacity": 100, "requests_per_day": 100}


@pytest.fixture
def asked(people):
    room()
    return submitted(people.bob, **CHEAP)


def told(title):
    """Who was told something with this in its title, by first name, with topic."""
    rows = Notice.objects.filter(title__contains=title, person__isnull=False)
    return {row.person.first_name.lower(): row.topic for row in rows.select_related("person")}


def body(title):
    return plain(Notice.objects.filter(title__contains=title).first().body)


def test_every_event_is_told_or_is_quiet_for_a_reason():
    assert {*TOLD, *QUIET} == set(all_events())
    assert not TOLD.keys() & QUIET.keys()
    assert all(QUIET.values())
    for event in TOLD:
        assert events.LISTENERS[event][-1] is services.inform, "people hear of what has happened"


def test_those_who_decide_hear_of_a_new_request(people, asked):
    assert told("waits for a decision") == {"petra": "decide", "jonas": "decide"}
    assert body("waits for a decision") == (
        "Bob Lind of Claims Automation asks for gpt-5.1 Global Standard, 100 K TPM, swedencentral "
        "for claims-triage-prod. Jonas Hall or Petra Novak may decide by rule P-01: The platform "
        "always decides."
    )
    assert {one.path for one in Notice.objects.all()} == {f"/requests/{asked.pk}/"}


def test_the_team_hears_of_a_question_and_the_deciders_of_the_answer(people, asked):
    approvals.ask(request=asked, body="For\nhow long?", by=people.petra)
    assert told("waits for an answer") == {"bob": "mine", "alice": "team"}
    assert "Petra Novak asks: “For how long?”" in body("waits for an answer")
    requests.answer(request=asked, body="A year.", by=people.alice)
    assert told("is answered") == {"petra": "decide", "jonas": "decide"}


def test_the_team_hears_what_was_decided_but_not_whoever_did_it(people, asked):
    approvals.approve(request=asked, by=people.petra)
    assert told("is approved") == {"bob": "mine", "alice": "team"}
    assert body("is approved").startswith("Petra Novak said the last yes.")
    other = submitted(people.alice, **CHEAP)
    approvals.reject(request=other, reason="Ask for less.", by=people.jonas)
    assert told("is rejected") == {"alice": "mine", "bob": "team"}
    assert "“Ask for less.”" in body("is rejected")


def test_who_takes_it_back_is_not_told(people, asked):
    requests.withdraw_request(request=asked, by=people.alice)
    assert told("is withdrawn") == {"bob": "mine"}


def test_the_team_hears_of_an_end_that_nobody_chose(people, asked):
    requests.mark_expired(request=asked, reason="Nobody decided in 14 days.", by=people.petra)
    assert told("has expired") == {"bob": "mine", "alice": "team"}
    assert "Nobody decided in 14 days. Nothing is held for it any more." in body("has expired")


def test_the_platform_hears_of_a_build_that_stops_and_the_team_why_it_takes_longer(people, asked):
    approvals.approve(request=asked, by=people.petra)
    job = asked.jobs.get(purpose="build")
    with transaction.atomic():
        events.tell(JobStuck(job.pk, asked.pk, "No room in swedencentral."))
    assert told("needs help") == {"petra": "help"}
    assert "No room in swedencentral." in body("needs help")
    assert told("is delayed") == {"bob": "mine", "alice": "team"}
    asked.refresh_from_db()
    requests.mark_failed(request=asked, reason="It cannot be had.", by=people.petra)
    assert told("could not be built") == {"bob": "mine", "alice": "team"}


def test_whoever_is_named_for_a_step_hears_of_it(people, asked):
    approvals.assign(
        request=asked, step=None, person=people.charlie, why="Knows fraud.", by=people.petra
    )
    assert told("is handed to you") == {"charlie": "decide"}
    assert body("is handed to you").startswith("Petra Novak asks you to decide on gpt-5.1")
    assert body("is handed to you").endswith("for Claims Automation: Knows fraud.")


def test_those_who_decide_are_reminded(people, asked):
    for _ in range(2):
        asked.steps.update(remind_at=timezone.now(), opened_at=timezone.now())
        approvals.keep_time()
    assert told("still waits for a decision") == {"petra": "decide", "jonas": "decide"}
    assert Notice.objects.filter(person=people.petra, title__contains="still waits").count() == 2
    assert "Platform waits since today" in body("still waits for a decision")


def test_those_who_may_decide_by_then_hear_that_a_step_is_late(people, asked):
    asked.steps.update(due_at=timezone.now(), escalate_to={"action": "decide.security"})
    approvals.keep_time()
    assert told("is late") == {"petra": "decide", "jonas": "decide", "sami": "decide"}


def test_whoever_made_an_offer_hears_what_became_of_it(people, asked):
    offer = {"request": asked, "changes": {"capacity": "50"}, "note": "Less will do."}
    approvals.make_offer(**offer, by=people.petra)
    assert told("waits for an answer") == {"bob": "mine", "alice": "team"}
    approvals.decline_offer(request=asked, reason="Not enough.", by=people.bob)
    assert told("Your offer on") == {"petra": "decide"}
    assert body("Your offer on").endswith("is declined. Not enough.")
    approvals.make_offer(**offer, by=people.petra)
    approvals.accept_offer(request=asked, by=people.alice)
    assert told("is out of review") == {"bob": "mine"}
    assert told("is approved") == {"alice": "mine", "bob": "team"}


def unread(person):
    return [one.title for one in Notice.objects.filter(person=person, read_at=None).order_by("pk")]


def test_what_is_decided_waits_for_nobody_any_more(people, asked):
    approvals.make_offer(request=asked, changes={"capacity": "50"}, note="Less.", by=people.petra)
    approvals.decline_offer(request=asked, reason="Not enough.", by=people.bob)
    late = submitted(people.alice, **CHEAP)
    approvals.approve(request=asked, by=people.jonas)
    number = asked.number
    assert unread(people.petra) == [
        f"Your offer on {number} has ended",
        f"{late.number} waits for a decision",
    ]
    assert f"{number} is approved" in unread(people.bob)
    assert f"{number} waits for an answer" in unread(people.bob)
    settled = Notice.objects.filter(person=people.petra, read_at__isnull=False)
    assert {one.title for one in settled} == {
        f"{number} waits for a decision",
        f"{number} is answered and waits for a decision",
    }
    assert {one.due_at for one in settled} == {None}, "and no mail goes out"


def test_told_twice_changes_nothing(people, asked):
    before = list(Notice.objects.order_by("pk").values())
    message = Message.objects.create(request=asked, author=people.petra, body="?", kind="question")
    step = asked.steps.get(status="open")
    key = f"{step.ref}/opened"
    for _ in range(2):
        with transaction.atomic():
            services.inform(QuestionAsked(asked.pk, message_id=message.pk))
            services.inform(StepOpened(asked.pk, key, people.bob.ref, "Bob", step_id=step.pk))
    assert list(Notice.objects.order_by("pk").values())[: len(before)] == before
    assert Notice.objects.count() == len(before) + 2


def test_the_same_may_happen_again_and_is_told_again(people, asked):
    for _ in range(2):
        approvals.ask(request=asked, body="Why?", by=people.petra)
        requests.answer(request=asked, body="So.", by=people.bob)
    assert Notice.objects.filter(person=people.jonas, title__contains="answered").count() == 2


def test_who_left_the_team_is_told_nothing(people, asked):
    Membership.objects.filter(person=people.bob).delete()
    approvals.approve(request=asked, by=people.petra)
    assert told("is approved") == {"alice": "team"}


def test_a_closed_account_is_told_nothing(people, asked):
    Person.objects.filter(pk=people.bob.pk).update(is_active=False)
    approvals.approve(request=asked, by=people.petra)
    assert told("is approved") == {"alice": "team"}


def test_a_refused_act_tells_nobody(people):
    room(50)
    row = draft(people.bob, capacity=400)
    with pytest.raises(PortalError):
        requests.submit_request(request=row, by=people.bob)
    assert not Notice.objects.exists()


def test_done_leads_to_what_was_built(people, asked):
    approvals.approve(request=asked, by=people.petra)
    ResourceRequest.objects.filter(pk=asked.pk).update(status="done")
    audit.record(subject=asked.ref, verb="done", by=people.petra)
    with transaction.atomic():
        services.inform(JobDone(1, asked.pk, resource_id=7, facts={}))
    assert told("is done") == {"bob": "mine", "alice": "team"}
    assert Notice.objects.filter(title__contains="is done").first().path == "/resources/7/"


def channel(name, unit="", topics=("decide", "team")):
    found = BusinessUnit.objects.get(slug=unit) if unit else None
    return TeamsChannel.objects.create(
        name=name, business_unit=found, webhook="env:HOOK", topics=list(topics)
    )


def test_channels_hear_of_their_unit_and_their_topics(people):
    room()
    channel("All")
    channel("Insurance", "insurance", ["team"])
    channel("Retail", "retail-bank")
    off = channel("Off")
    TeamsChannel.objects.filter(pk=off.pk).update(active=False)
    row = submitted(people.bob, **CHEAP)
    requests.withdraw_request(request=row, by=people.bob)
    found = Notice.objects.filter(channel__isnull=False).order_by("pk")
    assert [(one.channel.name, one.title, one.listed) for one in found] == [
        ("All", f"{row.number} waits for a decision", False),
        ("All", f"{row.number} is withdrawn", False),
        ("Insurance", f"{row.number} is withdrawn", False),
    ]


def test_what_people_typed_stays_on_one_line(people, asked):
    ResourceRequest.objects.filter(pk=asked.pk).update(title="x\r\nBcc: all@x\u202e\x07")
    requests.withdraw_request(request=asked, by=people.alice)
    assert body("is withdrawn") == "Alice Berger took x Bcc: all@x for claims-triage-prod back."


def test_who_gets_or_loses_a_role_hears_of_it_whatever_they_prefer(people):
    team = Team.objects.get(slug="claims")
    held = teams.grant_role(person=people.dora, role=Role.REQUESTER, team=team, by=people.petra)
    teams.grant_role(person=people.dora, role=Role.REQUESTER, team=team, by=people.petra)
    assert told("new role") == {"dora": "security"}
    assert body("new role").startswith("Petra Novak made you Requester of Claims Automation.")
    teams.revoke_role(membership=held, by=people.petra)
    assert told("lost a role") == {"dora": "security"}
    assert body("lost a role").startswith("Petra Novak took it from you: Requester of Claims")
    assert Notice.objects.filter(due_at__isnull=False, listed=True).count() == 2
    teams.grant_role(person=people.petra, role=Role.FINANCE, by=people.petra)
    assert "petra" not in told("new role"), "who did it themselves"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_crash_leaves_no_notice_without_its_event_and_no_event_without_its_notice(people):
    room()
    row = submitted(people.bob, **CHEAP)
    before, n = Notice.objects.count(), 1
    while True:
        with connection_ends_before(n) as crash:
            try:
                approvals.approve(request=row, by=people.petra)
            except (*crash.errors, events.ListenerDefectError):
                pass
        connection.close()
        if not crash.happened:
            break
        row.refresh_from_db()
        assert (row.status, Notice.objects.count()) == ("in_review", before)
        n += 2
    row.refresh_from_db()
    assert (row.status, told("is approved")) == ("approved", {"bob": "mine", "alice": "team"})
