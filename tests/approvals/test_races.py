"""Two people, two connections, the same instant."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.approvals import services
from apps.approvals.models import Decision, Delegation, Offer
from apps.capacity.selectors import free
from apps.kernel.errors import ConflictError, PortalError, StaleStateError
from apps.requests import services as requests
from apps.requests.models import ResourceRequest
from apps.teams.models import Membership
from tests.approvals.offices import again, in_force, one_rule, statuses
from tests.race import at_once
from tests.requests.asks import METER, draft, room, submitted

pytestmark = [pytest.mark.django_db(transaction=True)]
WHERE = {"tier": "prod", "region": "swedencentral", "meter": METER}
CHEAP = {"capacity": 100, "requests_per_day": 100}
TIMES = 4


@pytest.mark.parametrize("_", range(TIMES))
def test_two_approvers_make_one_decision(people, _):
    room()
    row = submitted(people.alice, **CHEAP)
    outcomes = at_once(
        [
            lambda: services.approve(request=row, by=again(people.petra)),
            lambda: services.approve(request=row, by=again(people.jonas)),
        ]
    )
    refused = [o for o in outcomes if isinstance(o, Exception)]
    assert len(refused) == 1
    assert isinstance(refused[0], StaleStateError)
    assert "already, today" in refused[0].message
    assert Decision.objects.count() == 1
    row.refresh_from_db()
    assert row.status == "approved"
    assert row.jobs.filter(purpose="build").count() == 1
    assert free(**WHERE).committed == 100


@pytest.mark.parametrize("_", range(TIMES))
def test_a_yes_and_a_no_make_one_decision(people, _):
    room()
    row = submitted(people.alice, **CHEAP)
    outcomes = at_once(
        [
            lambda: services.approve(request=row, by=again(people.petra)),
            lambda: services.reject(request=row, reason="No.", by=again(people.jonas)),
        ]
    )
    assert sum(isinstance(o, StaleStateError) for o in outcomes) == 1
    assert Decision.objects.count() == 1
    row.refresh_from_db()
    pool = free(**WHERE)
    if row.status == "approved":
        assert (pool.held, pool.committed) == (0, 100)
    else:
        assert row.status == "rejected"
        assert (pool.held, pool.committed) == (0, 0)


@pytest.mark.parametrize("_", range(TIMES))
def test_withdraw_against_approve_has_one_winner_and_no_deadlock(people, _):
    room()
    row = submitted(people.alice, **CHEAP)
    outcomes = at_once(
        [
            lambda: requests.withdraw_request(request=row, by=again(people.alice)),
            lambda: services.approve(request=row, by=again(people.petra)),
        ]
    )
    refused = [o for o in outcomes if isinstance(o, Exception)]
    assert len(refused) == 1
    assert isinstance(refused[0], PortalError)
    assert refused[0].status == 409
    row.refresh_from_db()
    pool = free(**WHERE)
    if row.status == "withdrawn":
        assert (pool.held, pool.committed, Decision.objects.count()) == (0, 0, 0)
        assert not row.steps.filter(status__in=["open", "waiting"]).exists()
        assert not row.jobs.filter(purpose="build").exists()
    else:
        assert row.status == "approved"
        assert (pool.held, pool.committed, Decision.objects.count()) == (0, 100, 1)


@pytest.mark.parametrize("_", range(TIMES))
def test_two_submits_of_one_draft_hold_once(people, _):
    room()
    row = draft(people.alice, **CHEAP)
    outcomes = at_once(
        [
            lambda: requests.submit_request(request=row, by=again(people.alice)),
            lambda: requests.submit_request(request=row, by=again(people.bob)),
        ]
    )
    refused = [o for o in outcomes if isinstance(o, Exception)]
    assert len(refused) == 1
    assert isinstance(refused[0], ConflictError)
    assert "is in review" in refused[0].message
    assert free(**WHERE).held == 100
    assert row.steps.count() == 2


def test_of_many_requests_for_the_last_units_exactly_as_many_pass_as_fit(people):
    room(limit=300)
    rows = [draft(people.alice, **CHEAP) for _ in range(8)]
    outcomes = at_once(
        [
            lambda row=row: requests.submit_request(request=row, by=again(people.alice))
            for row in rows
        ]
    )
    passed = [o for o in outcomes if isinstance(o, ResourceRequest)]
    assert len(passed) == 3
    assert all(isinstance(o, PortalError) for o in outcomes if o not in passed)
    assert free(**WHERE).held == 300


@pytest.mark.parametrize("_", range(TIMES))
def test_a_vote_while_the_role_is_taken(people, _):
    """Either the vote was first, or it is refused; never half of it."""
    room()
    row = submitted(people.alice, **CHEAP)
    petra = again(people.petra)
    assert petra.held
    outcomes = at_once(
        [
            lambda: services.approve(request=row, by=petra),
            lambda: Membership.objects.filter(person_id=petra.pk).delete(),
        ]
    )
    row.refresh_from_db()
    if isinstance(outcomes[0], Exception):
        assert outcomes[0].status == 403
        assert (row.status, Decision.objects.count()) == ("in_review", 0)
    else:
        assert (row.status, Decision.objects.count()) == ("approved", 1)


def test_a_question_against_a_yes(people):
    room()
    row = submitted(people.alice, **CHEAP)
    outcomes = at_once(
        [
            lambda: services.ask(request=row, body="Why?", by=again(people.jonas)),
            lambda: services.approve(request=row, by=again(people.petra)),
        ]
    )
    assert sum(isinstance(o, PortalError) for o in outcomes) == 1
    row.refresh_from_db()
    assert (row.status == "approved") == (not row.messages.exists())


@pytest.mark.parametrize("_", range(TIMES))
def test_two_voters_of_a_quorum_of_two(people, _):
    """Both count, and exactly one of them is the last."""
    in_force(one_rule("label: Platform, who: platform, quorum: 2"))
    room()
    row = submitted(people.alice, **CHEAP)
    outcomes = at_once(
        [
            lambda: services.approve(request=row, by=again(people.petra)),
            lambda: services.approve(request=row, by=again(people.jonas)),
        ]
    )
    assert not [o for o in outcomes if isinstance(o, Exception)]
    row.refresh_from_db()
    assert (row.status, Decision.objects.count()) == ("approved", 2)
    assert row.jobs.filter(purpose="build").count() == 1


@pytest.mark.parametrize("_", range(TIMES))
def test_two_steps_side_by_side(people, _):
    in_force(one_rule("label: Platform, who: platform", "label: Finance, who: finance"))
    room()
    row = submitted(people.alice, **CHEAP)
    outcomes = at_once(
        [
            lambda: services.approve(request=row, by=again(people.petra)),
            lambda: services.approve(request=row, by=again(people.fiona)),
        ]
    )
    assert not [o for o in outcomes if isinstance(o, Exception)]
    row.refresh_from_db()
    assert (row.status, set(statuses(row).values())) == ("approved", {"approved"})


@pytest.mark.parametrize("_", range(TIMES))
def test_a_delegate_and_whom_they_act_for_have_one_say(people, _):
    in_force(one_rule("label: Platform, who: platform, quorum: 2"))
    room()
    row = submitted(people.alice, **CHEAP)
    away(people.petra, people.charlie)
    outcomes = at_once(
        [
            lambda: services.approve(request=row, by=again(people.petra)),
            lambda: services.approve(request=row, by=again(people.charlie)),
        ]
    )
    (refused,) = [o for o in outcomes if isinstance(o, Exception)]
    assert isinstance(refused, ConflictError)
    row.refresh_from_db()
    assert (row.status, Decision.objects.count()) == ("in_review", 1)


@pytest.mark.parametrize("_", range(TIMES))
def test_a_vote_against_taking_it_back(people, _):
    room()
    row = submitted(people.alice, **CHEAP)
    outcomes = at_once(
        [
            lambda: requests.change_request(request=row, by=again(people.alice)),
            lambda: services.approve(request=row, by=again(people.petra)),
        ]
    )
    (refused,) = [o for o in outcomes if isinstance(o, Exception)]
    assert refused.status == 409
    row.refresh_from_db()
    pool = free(**WHERE)
    if row.status == "returned":
        assert (pool.held, pool.committed, Decision.objects.count()) == (0, 0, 0)
    else:
        assert (row.status, pool.committed) == ("approved", 100)


@pytest.mark.parametrize("_", range(TIMES))
def test_accepting_an_offer_against_withdrawing(people, _):
    room()
    row = submitted(people.alice, **CHEAP)
    services.make_offer(request=row, changes={"capacity": "50"}, note="Less.", by=people.petra)
    outcomes = at_once(
        [
            lambda: services.accept_offer(request=row, by=again(people.alice)),
            lambda: requests.withdraw_request(request=row, by=again(people.alice)),
        ]
    )
    (refused,) = [o for o in outcomes if isinstance(o, Exception)]
    assert refused.status == 409
    row.refresh_from_db()
    pool = free(**WHERE)
    if row.status == "withdrawn":
        assert (pool.held, pool.committed) == (0, 0)
        assert Offer.objects.get().status == "taken_back"
    else:
        assert (row.status, pool.held, pool.committed) == ("approved", 0, 50)


@pytest.mark.parametrize("_", range(TIMES))
def test_one_offer_is_accepted_or_taken_back_once(people, _):
    room()
    row = submitted(people.alice, **CHEAP)
    services.make_offer(request=row, changes={"capacity": "50"}, note="Less.", by=people.petra)
    outcomes = at_once(
        [
            lambda: services.accept_offer(request=row, by=again(people.alice)),
            lambda: services.accept_offer(request=row, by=again(people.bob)),
            lambda: services.take_back_offer(request=row, by=again(people.petra)),
        ]
    )
    assert sum(isinstance(o, PortalError) for o in outcomes) == 2
    row.refresh_from_db()
    assert Offer.objects.get().status in ("accepted", "taken_back")
    assert free(**WHERE).held + free(**WHERE).committed in (50, 100)


@pytest.mark.parametrize("_", range(TIMES))
def test_a_delegation_that_ends_during_a_vote(people, _):
    """Either the vote was first, or it is refused; what it rests on never ends in between."""
    room()
    row = submitted(people.alice, **CHEAP)
    given = away(people.petra, people.charlie)
    outcomes = at_once(
        [
            lambda: services.approve(request=row, by=again(people.charlie)),
            lambda: services.end_delegation(delegation=given, by=again(people.petra)),
        ]
    )
    assert not isinstance(outcomes[1], Exception)
    row.refresh_from_db()
    if isinstance(outcomes[0], Exception):
        assert (outcomes[0].status, row.status) == (403, "in_review")
    else:
        assert Decision.objects.get().at <= Delegation.objects.get().to_at
        assert row.status == "approved"


def test_two_delegations_of_one_person_at_once(people):
    outcomes = at_once(
        [
            lambda: away(again(people.petra), people.charlie),
            lambda: away(again(people.petra), people.dora),
        ]
    )
    (refused,) = [o for o in outcomes if isinstance(o, Exception)]
    assert isinstance(refused, ConflictError)
    assert "acts for Petra Novak until" in refused.message


@pytest.mark.parametrize("_", range(TIMES))
def test_a_vote_against_the_end_of_its_time(people, _):
    room()
    row = submitted(people.alice, **CHEAP)
    row.rounds.update(expires_at=timezone.now())
    outcomes = at_once(
        [services.keep_time, lambda: services.approve(request=row, by=again(people.petra))]
    )
    row.refresh_from_db()
    pool = free(**WHERE)
    assert (row.status, pool.held, pool.committed) in (
        ("expired", 0, 0),
        ("approved", 0, 100),
    ), outcomes


def away(giver, to):
    now = timezone.now()
    return services.delegate(to=to, from_at=now, to_at=now + timedelta(days=1), by=giver)
