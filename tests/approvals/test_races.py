"""Two people, two connections, the same instant."""

import pytest

from apps.approvals import services
from apps.approvals.models import Decision
from apps.capacity.selectors import free
from apps.kernel.errors import ConflictError, PortalError, StaleStateError
from apps.requests import services as requests
from apps.requests.models import ResourceRequest
from apps.teams.models import Membership, Person
from tests.race import at_once
from tests.requests.asks import METER, draft, room, submitted

pytestmark = [pytest.mark.django_db(transaction=True)]
WHERE = {"tier": "prod", "region": "swedencentral", "meter": METER}
CHEAP = {"capacity": 100, "requests_per_day": 100}
TIMES = 4


def again(person):
    return Person.objects.get(pk=person.pk)


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
