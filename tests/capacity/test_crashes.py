"""The server ends the connection before any statement: nothing is ever half-done."""

import pytest
from django.db import connection
from django.utils import timezone

from apps.capacity import services
from apps.capacity.models import Allowance, Commitment, Finding, Hold, Placement, Pool
from apps.kernel.models import AuditEntry
from apps.teams.roles import Role
from tests.capacity.pools import PLACING, Ask, accounts, claim, pool, some_team
from tests.crash import connection_ends_before
from tests.teams.organisation import person

pytestmark = pytest.mark.django_db(transaction=True)
SUBJECT = "request:1"
EVENT = Ask(SUBJECT, [claim(5), claim(7, meter="OpenAI.GlobalStandard.gpt-5-mini")], PLACING)
ACTS = {
    "hold": (services.hold, []),
    "commit": (services.commit, [services.hold]),
    "mark_built": (services.mark_built, [services.hold, services.commit]),
    "release": (services.release, [services.hold, services.commit, services.mark_built]),
    "expire": (services.expire, [services.hold]),
}
CHANGE = Ask("request:2", [claim(50)], PLACING, instead_of=SUBJECT, expected_nano=7)
CHANGES = {
    "hold": (services.hold, []),
    "take_over": (services.mark_built, [services.hold, services.commit]),
    "release": (services.release, [services.hold, services.commit, services.mark_built]),
}


def written():
    return (
        sorted(Hold.objects.values_list("subject", "pool__meter", "amount", "status")),
        sorted(Commitment.objects.values_list("subject", "list_cost_nano", "to_on")),
        sorted(Allowance.objects.values_list("limit")),
        sorted(Finding.objects.values_list("status", "amount")),
        Placement.objects.count(),
        Pool.objects.count(),
        AuditEntry.objects.exclude(verb="loaded").count(),
    )


def world():
    pool(100)
    pool(100, meter="OpenAI.GlobalStandard.gpt-5-mini")
    accounts()


def crashes_leave_no_trace(act, event):
    before = written()
    n = 0
    while True:
        n += 1
        with connection_ends_before(n) as crash:
            try:
                act(event)
            except crash.errors:
                assert crash.happened
        connection.close()
        if not crash.happened:
            break
        assert written() == before, f"half-done before statement {n}"
    assert n > 4
    assert written() != before, "without a crash it is done"


@pytest.mark.parametrize("name", ACTS)
def test_a_crash_before_any_statement_leaves_everything_as_it_was(name):
    act, steps = ACTS[name]
    world()
    for step in steps:
        step(EVENT)
    crashes_leave_no_trace(act, EVENT)


@pytest.mark.parametrize("name", CHANGES)
def test_a_crash_leaves_a_change_either_old_or_new(name):
    act, steps = CHANGES[name]
    world()
    for step in (services.hold, services.commit, services.mark_built):
        step(EVENT)
    for step in steps:
        step(CHANGE)
    crashes_leave_no_trace(act, CHANGE)


def test_a_crash_leaves_an_allowance_and_a_finding_as_they_were():
    world()
    admin, team = person(Role.PLATFORM_ADMIN), some_team()
    one = Pool.objects.earliest("pk")
    now = timezone.now()
    finding = Finding.objects.create(pool=one, amount=9, first_seen_at=now, seen_at=now)

    def allow(limit):
        services.set_allowance(pool_id=one.pk, owner=team, limit=limit, by=admin)

    def adopt(amount):
        services.adopt_finding(
            pk=finding.pk, team=team, amount=amount, note="made by hand", by=admin
        )

    crashes_leave_no_trace(allow, 10)
    crashes_leave_no_trace(adopt, 4)
