"""`manage capacity_check` is silent while all adds up, and names what does not."""

from datetime import timedelta
from importlib import import_module
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from apps.approvals import services as approvals
from apps.capacity import services
from apps.capacity.models import Allowance, Commitment, Finding, Hold, Placement, Pool
from apps.provisioning import tasks
from apps.requests import services as requests
from apps.requests.models import ResourceRequest
from apps.teams.models import BusinessUnit, Team
from tests.capacity.pools import METER, accounts, pool
from tests.requests.asks import room, submitted

pytestmark = pytest.mark.django_db


def check():
    call_command("capacity_check", stdout=(out := StringIO()))
    return out.getvalue().strip()


def wrong():
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("capacity_check", stdout=out)
    return out.getvalue().replace("\xa0", " ").splitlines()


@pytest.fixture
def asked(people):
    """One request in review, one approved, one built by hand of the test."""
    room()
    return {
        "held": submitted(people.alice, capacity=100, requests_per_day=100),
        "committed": approvals.approve(
            request=submitted(people.alice, capacity=50, requests_per_day=100), by=people.petra
        ),
    }


def hold_of(row):
    return Hold.objects.get(subject=row.ref, pool__meter=METER)


def test_all_adds_up(asked):
    assert check() == "Every promise is explained, and the pools add up."


def test_what_a_request_asks_for_and_what_is_held_are_compared(asked):
    Hold.objects.filter(pk=hold_of(asked["held"]).pk).update(amount=90)
    assert wrong() == [
        f"{asked['held'].number} is in review and asks for 1 of a place in swedencentral (prod), "
        "100 of gpt-5.1 Global Standard in swedencentral (prod), and 1 of a place in swedencentral "
        "(prod), 90 of gpt-5.1 Global Standard in swedencentral (prod) are held for it."
    ]


def test_a_request_without_its_hold(asked):
    Hold.objects.filter(subject=asked["held"].ref).update(status="released")
    (said,) = wrong()
    assert said.endswith("and nothing are held for it.")


def test_a_hold_without_its_request(asked):
    ResourceRequest.objects.filter(pk=asked["held"].pk).update(status="withdrawn")
    (said,) = wrong()
    assert said.startswith(f"{asked['held'].ref} holds")
    assert said.endswith("and no request explains it.")


def test_a_hold_in_another_state_than_its_request(asked):
    Hold.objects.filter(pk=hold_of(asked["committed"]).pk).update(status="held")
    assert any("what it holds is held" in said for said in wrong())


def test_a_hold_of_another_team(asked):
    other = Team.objects.get(slug="fraud")
    Hold.objects.filter(pk=hold_of(asked["held"]).pk).update(team=other)
    (said,) = wrong()
    assert "count against another team than Claims" in said


def test_a_hold_of_nobody(asked):
    Hold.objects.create(pool=Pool.objects.first(), subject="moon:1", amount=1, why="x")
    (said,) = wrong()
    assert said.endswith("and nobody knows what it is.")


def test_promises_that_have_run_out(asked):
    past = timezone.now() - timedelta(hours=2)
    Hold.objects.filter(pk=hold_of(asked["held"]).pk).update(until_at=past)
    (said,) = wrong()
    assert "still holds 100, and that ended" in said


def test_a_pool_that_azure_has_made_smaller(asked):
    one = hold_of(asked["held"]).pool
    Pool.objects.filter(pk=one.pk).update(limit=120)
    (said,) = wrong()
    assert said.endswith("150 K TPM are used or promised of 120.")


def test_use_past_the_portal_explains_a_full_pool(asked, people):
    one = hold_of(asked["held"]).pool
    Pool.objects.filter(pk=one.pk).update(azure_used=950)
    (said,) = wrong()
    assert "100 K TPM are used or promised of 1 000" in said
    now = timezone.now()
    found = Finding.objects.create(pool=one, amount=950, first_seen_at=now, seen_at=now)
    assert wrong()
    services.explain_finding(pk=found.pk, note="The old platform, until March", by=people.petra)
    check()


def test_allowances_that_do_not_add_up(asked):
    one, team = hold_of(asked["held"]).pool, asked["held"].team
    Allowance.objects.create(pool=one, team=team, limit=149)
    (said,) = wrong()
    assert said.endswith("was promised 150 of its 149.")
    Allowance.objects.create(pool=one, business_unit=team.business_unit, limit=148)
    assert len(wrong()) == 3
    Allowance.objects.update(limit=2000)
    (said,) = wrong()
    assert said.endswith("2000 are allowed of 1000, and nobody said that it is meant.")
    Allowance.objects.update(over_commit=True)
    check()


def test_costs_and_promises_go_together(asked):
    row = asked["committed"]
    Commitment.objects.update(business_unit=BusinessUnit.objects.get(name="Retail Bank"))
    (said,) = wrong()
    assert said.startswith(f"{row.ref} is paid by Retail")
    Commitment.objects.all().delete()
    assert wrong() == [f"{row.ref} was approved and has no commitment."]
    team = row.team
    Commitment.objects.create(
        subject="request:999",
        team=team,
        business_unit=team.business_unit,
        from_on=timezone.now().date(),
    )
    assert any("request:999 costs" in said for said in wrong())


def test_accounts_and_adopted_use_hold_their_part(asked, people):
    account = Placement.objects.get()
    Hold.objects.filter(subject=f"account:{account.pk}").update(status="released")
    assert wrong() == [f"account:{account.pk} is an account and holds nothing."]
    Hold.objects.filter(subject=f"account:{account.pk}").update(subject="account:77", status="held")
    assert "account:77 holds something and is not an account." in wrong()
    Hold.objects.filter(subject="account:77").update(subject=f"account:{account.pk}")
    now = timezone.now()
    Finding.objects.create(
        pool=Pool.objects.first(),
        amount=5,
        status="adopted",
        explanation="x",
        explained_by=people.petra,
        first_seen_at=now,
        seen_at=now,
    )
    (said,) = wrong()
    assert said.endswith("is an adopted finding and holds nothing.")


def test_the_night_tells_the_log(asked, caplog):
    tasks.check_capacity()
    assert "does not add up" not in caplog.text
    Hold.objects.filter(pk=hold_of(asked["held"]).pk).update(amount=90)
    tasks.check_capacity()
    assert "does not add up" in caplog.text


def test_a_returned_request_holds_nothing_and_that_is_fine(asked):
    requests.withdraw_request(request=asked["held"], by=asked["held"].requester)
    check()


def test_nothing_at_all_adds_up(db):
    accounts()
    pool(10)
    check()


def test_the_same_queries_for_many_requests(people, django_assert_max_num_queries):
    room(100_000)
    for _ in range(12):
        submitted(people.alice, capacity=1, requests_per_day=1)
    with django_assert_max_num_queries(40):
        check()


def test_promises_from_before_teams_had_allowances_are_given_theirs(asked):
    Hold.objects.update(team=None)
    Commitment.objects.all().delete()
    assert wrong()
    with connection.cursor() as cursor:
        cursor.execute(import_module("apps.capacity.migrations.0003_whose_holds").TEAMS)
    check()
    expected = asked["committed"].estimate["expected_nano"]
    assert Commitment.objects.get().list_cost_nano == expected
