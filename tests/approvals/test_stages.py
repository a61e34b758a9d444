"""Stages, quorums, named people, four eyes, what is denied, approved at once or carried over."""

import pytest

from apps.approvals import services
from apps.approvals.models import Approver, Decision, Round, Step
from apps.approvals.selectors import inbox, next_actors, waiting_for
from apps.capacity.selectors import free
from apps.kernel.errors import ConflictError, InvalidError, NotAllowedError, StaleStateError
from apps.kernel.models import AuditEntry
from apps.requests import selectors as asks
from apps.requests import services as requests
from apps.teams.models import Membership
from tests.approvals.offices import CHEAP, again, in_force, one_rule, statuses
from tests.requests.asks import METER, draft, plain, room, submitted, typed

pytestmark = pytest.mark.django_db
WHERE = {"tier": "prod", "region": "swedencentral", "meter": METER}
BESIDE = one_rule("label: Platform, who: platform", "label: Security, who: security")


def step_of(row, label):
    return row.steps.filter(label=label).order_by("-round").first()


def resubmit(row, by, **changes):
    requests.change_request(request=row, by=by)
    requests.save_draft(kind=row.kind, payload=typed(**{**CHEAP, **changes}), request=row, by=by)
    return requests.submit_request(request=row, by=by)


def test_the_steps_of_a_stage_are_open_at_once_and_the_next_one_waits(people):
    in_force(
        one_rule(
            "label: Platform, who: platform",
            "label: Security, who: security",
            "label: Finance, who: finance, stage: 2",
        )
    )
    room()
    row = submitted(people.alice, **CHEAP)
    assert statuses(row) == {"Platform": "open", "Security": "open", "Finance": "waiting"}
    services.approve(request=row, by=people.sami)
    assert statuses(row) == {"Platform": "open", "Security": "approved", "Finance": "waiting"}
    with pytest.raises(NotAllowedError):
        services.approve(request=row, by=people.fiona)
    services.approve(request=row, by=people.petra)
    assert statuses(row)["Finance"] == "open"
    services.approve(request=row, by=people.fiona)
    row.refresh_from_db()
    assert row.status == "approved"
    assert free(**WHERE).committed == 100


def test_one_no_of_any_step_ends_it_and_cancels_the_others(people):
    in_force(BESIDE)
    room()
    row = submitted(people.alice, **CHEAP)
    services.reject(request=row, reason="Mask the names first.", by=people.sami)
    row.refresh_from_db()
    assert (row.status, statuses(row)) == (
        "rejected",
        {"Platform": "cancelled", "Security": "rejected"},
    )
    assert free(**WHERE).held == 0


def test_whoever_decides_two_steps_votes_on_the_one_they_saw(people):
    Membership.objects.create(person=people.petra, role="security")
    in_force(BESIDE)
    room()
    row = submitted(people.alice, **CHEAP)
    petra, security = again(people.petra), step_of(row, "Security").pk
    services.approve(request=row, step=security, by=petra)
    assert statuses(row) == {"Platform": "open", "Security": "approved"}
    with pytest.raises(StaleStateError, match=r"Petra Novak approved"):
        services.approve(request=row, step=security, by=petra)
    services.approve(request=row, by=petra)
    row.refresh_from_db()
    assert row.status == "approved"


def test_two_of_the_platform(people):
    in_force(one_rule("label: Platform, who: platform, quorum: 2"))
    room()
    row = submitted(people.alice, **CHEAP)
    services.approve(request=row, by=people.petra)
    assert statuses(row) == {"Platform": "open"}
    with pytest.raises(ConflictError) as refused:
        services.approve(request=row, by=again(people.petra))
    assert plain(refused.value.message) == (
        "You have said yes to Platform already; 1 more yes of others are needed."
    )
    step = step_of(row, "Platform")
    assert [one.name for one in next_actors(row, step)] == ["Jonas Hall"]
    entry = AuditEntry.objects.get(subject=step.ref, verb="approved")
    assert entry.after["yeses"] == "1 of 2"
    services.approve(request=row, by=people.jonas)
    row.refresh_from_db()
    assert row.status == "approved"


def test_all_are_those_who_may_when_the_step_opens(people):
    in_force(one_rule("label: Platform, who: platform, quorum: all"))
    room()
    row = submitted(people.alice, **CHEAP)
    step = step_of(row, "Platform")
    assert (step.needed, step.action) == (2, "")
    assert {one.person.name for one in step.approvers.all()} == {"Petra Novak", "Jonas Hall"}
    Membership.objects.create(person=people.sami, role="approver")
    with pytest.raises(NotAllowedError):
        services.approve(request=row, by=again(people.sami))
    Membership.objects.filter(person=people.jonas).delete()
    with pytest.raises(NotAllowedError):
        services.approve(request=row, by=again(people.jonas))
    services.approve(request=row, by=people.petra)
    row.refresh_from_db()
    assert row.status == "in_review"


def test_named_people_decide_and_nobody_else(people):
    in_force(one_rule("label: Board, group: board, quorum: 2"))
    room()
    row = submitted(people.alice, **CHEAP)
    step = step_of(row, "Board")
    assert step.who["group"] == "board"
    assert {one.why for one in Approver.objects.filter(step=step)} == {"Of the group board"}
    with pytest.raises(NotAllowedError, match=r"Board decides now"):
        services.approve(request=row, by=people.jonas)
    services.approve(request=row, by=people.sami)
    services.approve(request=row, by=people.fiona)
    row.refresh_from_db()
    assert row.status == "approved"


def test_four_eyes_hold_both_ways(people):
    Membership.objects.create(person=people.petra, role="finance")
    in_force(
        one_rule("label: Platform, who: platform", "label: Money, who: finance, distinct: true")
    )
    room()
    for first in ("Platform", "Money"):
        row = submitted(people.alice, **CHEAP)
        petra = again(people.petra)
        services.approve(request=row, step=step_of(row, first).pk, by=petra)
        with pytest.raises(NotAllowedError, match=rf"Four eyes: {first} was decided by you"):
            services.approve(request=row, by=again(people.petra))
        requests.withdraw_request(request=row, by=people.alice)


def test_nothing_to_decide_is_approved_at_once_with_the_rule(people, client_of):
    in_force(
        one_rule("label: Platform, who: platform")
        + "\n- id: A-09\n  name: Small ones approve themselves\n"
        "  when: capacity <= 100\n  waive: [T-01]"
    )
    room()
    row = submitted(people.alice, **CHEAP)
    assert (row.status, statuses(row)) == ("approved", {"Platform": "not_needed"})
    assert row.jobs.filter(purpose="build").count() == 1
    assert free(**WHERE).committed == 100
    entry = AuditEntry.objects.get(subject=row.ref, verb="approved")
    assert entry.actor == "system"
    assert entry.note.startswith("A-09: Small ones approve themselves")
    assert (found := Round.objects.get(request=row)).ended_at
    assert found.policy == 1
    assert not Decision.objects.exists()
    page = plain(client_of(people.alice).get(f"/requests/{row.pk}/").content.decode())
    assert "Small ones approve themselves" in page


DENIED = (
    one_rule("label: Platform, who: platform")
    + "\n- id: D-01\n  name: No batch of this size\n  when: capacity > 50\n"
    '  deny: "Ask for 50 or less."'
)


def test_what_is_denied_is_refused_at_submit_at_the_yes_and_before_the_run(people):
    room()
    before, voted = submitted(people.alice, **CHEAP), submitted(people.alice, **CHEAP)
    assert services.still_allowed(services.approve(request=voted, by=people.petra).pk) == ""
    in_force(DENIED)
    new = draft(people.alice, **CHEAP)
    with pytest.raises(ConflictError, match=r"No batch of this size.*Ask for 50 or less"):
        requests.submit_request(request=new, by=people.alice)
    assert free(**WHERE).held == 100
    with pytest.raises(ConflictError, match=r"Ask for 50 or less"):
        services.approve(request=before, by=people.petra)
    services.reject(request=before, reason="Denied by now.", by=people.petra)
    assert "Ask for 50 or less" in services.still_allowed(voted.pk)


def test_still_allowed_asks_for_the_rights_of_those_who_said_yes(people):
    room()
    row = submitted(people.alice, **CHEAP)
    services.approve(request=row, by=people.petra)
    assert services.still_allowed(row.pk) == ""
    Membership.objects.filter(person=people.petra).delete()
    assert services.still_allowed(row.pk) == (
        "Petra Novak said yes for Platform, but may not decide on it any more. "
        "Somebody who may has to: submit it again."
    )


def test_a_changed_request_asks_those_again_who_look_at_what_changed(people, client_of):
    in_force(
        one_rule(
            "label: Platform, who: platform, looks_at: [capacity]",
            "label: Security, who: security, looks_at: [data_class, region]",
            "label: Finance, who: finance, stage: 2",
        )
    )
    room()
    row = submitted(people.alice, **CHEAP)
    services.approve(request=row, reason="Fits.", by=people.petra)
    services.approve(request=row, reason="No personal data.", by=people.sami)
    resubmit(row, people.alice, capacity=90)
    assert statuses(row) == {"Platform": "open", "Security": "approved", "Finance": "waiting"}
    carried = Decision.objects.get(step=step_of(row, "Security"))
    assert (carried.person, carried.reason) == (people.sami, "No personal data.")
    assert carried.carried_from.step.round == 1
    page = plain(client_of(people.alice).get(f"/requests/{row.pk}/").content.decode())
    assert "Carried over: nothing that it looks at has changed. No personal data." in page
    assert "Taken back by Alice Berger" in page
    assert free(**WHERE).held == 90
    services.approve(request=row, by=people.petra)
    services.approve(request=row, by=people.fiona)
    row.refresh_from_db()
    assert row.status == "approved"


def test_nothing_changed_carries_all_over(people):
    room()
    row = submitted(people.alice, **CHEAP)
    requests.change_request(request=row, reason="A second look.", by=people.bob)
    row.refresh_from_db()
    assert (row.status, row.trouble, statuses(row)["Platform"]) == ("returned", "", "cancelled")
    assert free(**WHERE).held == 0
    again_in = requests.submit_request(request=row, by=people.alice)
    assert (again_in.status, statuses(row)["Platform"]) == ("in_review", "open")
    services.approve(request=row, by=people.petra)
    requests.return_to_requester(type("Trouble", (), {"request_id": row.pk, "sentence": "No."}))
    done = requests.submit_request(request=row, by=people.alice)
    assert done.status == "approved"
    entry = AuditEntry.objects.filter(subject=row.ref, verb="approved").latest("id")
    assert "the yeses of before count" in entry.note


@pytest.mark.parametrize("gone", ["role", "asks"])
def test_a_yes_is_not_carried_over_for_whoever_may_no_longer_give_it(people, gone):
    in_force(one_rule("label: Platform, who: platform", "label: Money, who: finance"))
    room()
    row = submitted(people.alice, **CHEAP)
    services.approve(request=row, by=people.petra)
    if gone == "role":
        Membership.objects.filter(person=people.petra).delete()
        resubmit(row, people.alice)
    else:
        claims = row.team
        Membership.objects.create(person=people.petra, role="requester", team=claims)
        resubmit(row, again(people.petra))
    assert statuses(row) == {"Platform": "open", "Money": "open"}


@pytest.mark.parametrize("who", ["dora", "charlie", "petra", "sami", "audra"])
def test_only_those_who_ask_for_the_team_take_a_request_back(people, who):
    room()
    row = submitted(people.alice, **CHEAP)
    with pytest.raises(NotAllowedError):
        requests.change_request(request=row, by=getattr(people, who))


def test_only_what_is_in_review_is_taken_back(people):
    room()
    row = services.approve(request=submitted(people.alice, **CHEAP), by=people.petra)
    with pytest.raises(ConflictError, match=r"is approved; only what is in review"):
        requests.change_request(request=row, by=people.alice)


def test_a_request_says_what_it_waits_for(people):
    in_force(BESIDE)
    room()
    row, other = submitted(people.alice, **CHEAP), submitted(people.alice, **CHEAP)
    platform, security = waiting_for([row, other])[row.pk]
    assert (platform.label, platform.names) == ("Platform", "Jonas Hall or Petra Novak")
    assert platform.rule.startswith("T-01")
    assert platform.since
    assert platform.passes == "One yes is enough: Jonas Hall or Petra Novak."
    assert security.names == "Sami Aalto"
    services.ask(request=row, body="Why?", by=people.petra)
    row.refresh_from_db()
    (answer,) = waiting_for([row])[row.pk]
    assert (answer.names, answer.passes) == ("Alice Berger", "An answer puts it back in review.")
    requests.change_request(request=row, by=people.alice)
    row.refresh_from_db()
    (change,) = waiting_for([row])[row.pk]
    assert change.passes.startswith("Alice Berger changes it and submits it again")
    assert waiting_for([services.reject(request=other, reason="No.", by=people.sami)]) == {}


def test_a_step_that_nobody_may_decide_says_so(people):
    in_force(one_rule("label: Security, who: security"))
    room()
    Membership.objects.filter(role="security").delete()
    row = submitted(people.alice, **CHEAP)
    (wait,) = waiting_for([row])[row.pk]
    assert wait.passes == (
        "One yes is enough: nobody yet; ask a platform admin to hand it to somebody."
    )
    assert Step.objects.get(request=row).status == "open"


def test_four_eyes_outlive_a_change(people):
    """Jonas said yes to the second step before; now he says it to the first one."""
    in_force(
        one_rule(
            "label: Platform, who: platform, looks_at: [capacity]",
            "label: Second, who: platform, stage: 2, distinct: true, looks_at: [region]",
            "label: Finance, who: finance, stage: 3",
        )
    )
    room()
    for again_by, second in ((people.petra, "approved"), (people.jonas, "open")):
        row = submitted(people.alice, **CHEAP)
        services.approve(request=row, by=people.petra)
        services.approve(request=row, by=people.jonas)
        resubmit(row, people.alice, capacity=90)
        services.approve(request=row, by=again(again_by))
        assert statuses(row)["Second"] == second


def test_four_eyes_leave_out_whoever_may_not_act_next(people):
    in_force(one_rule("label: One, who: platform", "label: Two, who: platform, distinct: true"))
    room()
    row = submitted(people.alice, **CHEAP)
    services.approve(request=row, step=step_of(row, "One").pk, by=people.petra)
    assert next_actors(row) == [people.jonas]
    (wait,) = waiting_for([row])[row.pk]
    assert list(wait.people) == [people.jonas]


def test_whoever_asked_first_does_not_decide_after_a_colleague_submitted_it_again(people):
    in_force(one_rule("label: Lead, who: team", "label: Platform, who: platform"))
    room()
    Membership.objects.create(person=people.dora, role="team_lead", team=people.alice.held[0].team)
    row = submitted(people.alice, **CHEAP)
    resubmit(row, people.bob)
    row.refresh_from_db()
    assert row.requester == people.bob
    lead = step_of(row, "Lead").pk
    with pytest.raises(NotAllowedError, match=r"Nobody decides on their own request"):
        services.approve(request=row, step=lead, by=again(people.alice))
    assert not inbox(again(people.alice)).exists()
    assert next_actors(row, step_of(row, "Lead")) == [people.dora]
    with pytest.raises(InvalidError, match=r"Alice Berger asked for this"):
        services.assign(request=row, step=lead, person=people.alice, why="You.", by=people.petra)
    services.approve(request=row, step=lead, by=again(people.dora))
    assert statuses(row) == {"Lead": "approved", "Platform": "open"}


def test_waits_ask_as_many_queries_for_many_requests_as_for_few(people, django_assert_num_queries):
    in_force(one_rule("label: Platform, who: platform, quorum: all"))
    room()
    for count in (2, 9):
        for _ in range(count):
            submitted(people.alice, capacity=1, requests_per_day=1)
        rows = list(asks.requests_visible(people.audra))
        with django_assert_num_queries(4):
            assert len(waiting_for(rows)) == len(rows)
