"""Reminders, escalation and expiry; a question stops the clock."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from apps.approvals import services, tasks
from apps.approvals.models import Approver, Round, Step
from apps.approvals.selectors import inbox
from apps.capacity.models import Hold
from apps.capacity.selectors import free
from apps.kernel.errors import NotFoundError
from apps.kernel.models import AuditEntry
from apps.requests import services as requests
from tests.approvals.offices import CHEAP, again, in_force, one_rule, statuses
from tests.requests.asks import METER, plain, room, submitted

pytestmark = pytest.mark.django_db
WHERE = {"tier": "prod", "region": "swedencentral", "meter": METER}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TIMED = one_rule(
    "label: Platform, who: platform, deadline: 2d, remind: 1d, escalate: {who: security}"
)


@pytest.fixture
def row(people):
    in_force(TIMED, expires="14d")
    room()
    return submitted(people.alice, **CHEAP)


def step_of(row):
    return Step.objects.filter(request=row).latest("round")


def goes_by(span):
    """Let time go by: whatever was, was so much earlier."""
    Step.objects.update(
        opened_at=F("opened_at") - span, due_at=F("due_at") - span, remind_at=F("remind_at") - span
    )
    Round.objects.update(expires_at=F("expires_at") - span, paused_at=F("paused_at") - span)


def test_the_clocks_of_a_step_begin_when_it_opens(row):
    step = step_of(row)
    assert step.due_at - step.opened_at == 2 * DAY
    assert step.remind_at - step.opened_at == DAY
    assert Round.objects.get(request=row).expires_at - row.submitted_at < 14 * DAY + HOUR
    assert services.keep_time() == 0


def test_those_who_decide_are_reminded_after_each_day(row):
    goes_by(DAY + HOUR)
    assert services.keep_time() == 1
    assert services.keep_time() == 0
    step = step_of(row)
    assert timezone.now() - step.reminded_at < HOUR
    assert DAY - HOUR < step.remind_at - timezone.now() <= DAY


def test_a_late_step_is_escalated_once(people, client_of, row):
    goes_by(2 * DAY + HOUR)
    Step.objects.update(remind_at=None)
    assert not inbox(again(people.sami)).exists()
    assert services.keep_time() == 1
    assert services.keep_time() == 0
    named = Approver.objects.get()
    assert (named.person, named.action) == (people.sami, "decide.security")
    assert named.why.startswith("Escalated: nobody decided until")
    assert AuditEntry.objects.get(verb="escalated a step").after["to"] == "Sami Aalto"
    page = plain(client_of(people.alice).get(f"/requests/{row.pk}/").content.decode())
    assert "was due" in page
    assert [one.request_id for one in inbox(again(people.sami))] == [row.pk]
    services.approve(request=row, by=again(people.sami))
    row.refresh_from_db()
    assert row.status == "approved"


def test_a_request_that_waited_too_long_expires_and_may_come_again(people, client_of, row):
    goes_by(14 * DAY + HOUR)
    Step.objects.update(remind_at=None, due_at=None)
    tasks.keep_time()
    row.refresh_from_db()
    assert (row.status, statuses(row)) == ("expired", {"Platform": "cancelled"})
    assert plain(row.trouble) == (
        "Nobody decided for Platform within 14 days, so it has expired and holds nothing any "
        "more. Submit it again to ask anew."
    )
    assert free(**WHERE).held == 0
    assert row.trouble in client_of(people.alice).get(f"/requests/{row.pk}/").content.decode()
    assert services.keep_time() == 0
    back = requests.submit_request(request=row, by=people.alice)
    assert (back.status, statuses(row)) == ("in_review", {"Platform": "open"})
    assert "Expired" in client_of(people.alice).get(f"/requests/{row.pk}/").content.decode()


def test_a_question_stops_the_clock(people, row):
    before = step_of(row)
    ends = Round.objects.get(request=row).expires_at
    services.ask(request=row, body="Why?", by=people.petra)
    goes_by(3 * DAY)
    assert services.keep_time() == 0
    requests.answer(request=row, body="As it is.", by=people.alice)
    after = step_of(row)
    for name in ("due_at", "remind_at"):
        assert abs(getattr(after, name) - getattr(before, name)) < HOUR
    assert abs(Round.objects.get(request=row).expires_at - ends) < HOUR
    assert Round.objects.get(request=row).paused_at is None
    assert services.keep_time() == 0
    goes_by(DAY + HOUR)
    assert services.keep_time() == 1


def test_what_it_holds_says_until_when(people, row):
    def held_until():
        (until,) = set(Hold.objects.filter(subject=row.ref).values_list("until_at", flat=True))
        return until

    assert held_until() == Round.objects.get(request=row).expires_at
    services.ask(request=row, body="Why?", by=people.petra)
    goes_by(DAY)
    requests.answer(request=row, body="As it is.", by=people.alice)
    assert held_until() == Round.objects.get(request=row).expires_at
    services.approve(request=row, by=people.petra)
    assert held_until() is None


def test_a_question_that_nobody_answers_ends_it_too(people, row):
    services.ask(request=row, body="Why?", by=people.petra)
    goes_by(13 * DAY)
    assert services.keep_time() == 0
    goes_by(2 * DAY)
    assert services.keep_time() == 1
    row.refresh_from_db()
    assert row.status == "expired"
    assert row.trouble.startswith("Nobody answered the question within 14")


def test_what_is_decided_has_no_clock(people, row):
    services.approve(request=row, by=people.petra)
    goes_by(20 * DAY)
    assert services.keep_time() == 0
    other = submitted(people.alice, **CHEAP)
    requests.withdraw_request(request=other, by=people.alice)
    goes_by(20 * DAY)
    assert services.keep_time() == 0


def test_one_that_fails_does_not_hold_up_the_others(people, row, monkeypatch, caplog):
    second = submitted(people.alice, **CHEAP)
    goes_by(14 * DAY + HOUR)
    Step.objects.update(remind_at=None, due_at=None)
    mark = requests.mark_expired

    def broken(*, request, **more):
        assert request != row, "a defect"
        return mark(request=request, **more)

    monkeypatch.setattr(requests, "mark_expired", broken)
    assert services.keep_time() == 1
    second.refresh_from_db()
    assert second.status == "expired"
    assert "the clock failed" in caplog.text


def test_listeners_are_quiet_about_what_has_no_clock(people):
    event = type("Event", (), {"request_id": 0})
    services.stop_clock(event)
    services.resume_clock(event)
    with pytest.raises(NotFoundError):
        services.refuse_denied(event)
