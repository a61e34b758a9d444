"""states.move: one winner, one trace."""

from contextlib import suppress
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from apps.capacity.models import Hold, Pool, Subscription
from apps.capacity.states import TRANSITIONS, HoldStatus
from apps.kernel.actors import SYSTEM
from apps.kernel.errors import ConflictError, StaleStateError
from apps.kernel.models import AuditEntry
from apps.kernel.states import move
from tests.race import at_once


@pytest.fixture
def hold(db):
    subscription = Subscription.objects.create(azure_id="s", name="prod", tier="prod")
    pool = Pool.objects.create(
        subscription=subscription,
        region="swedencentral",
        meter="OpenAI.GlobalStandard.gpt-5.1",
        limit=100,
        unit="K TPM",
        synced_at=timezone.now(),
    )
    return Hold.objects.create(pool=pool, subject="request:1", amount=10, why="test")


def test_a_move_changes_the_row_and_leaves_a_trace(hold):
    move(hold, to=HoldStatus.COMMITTED, by=SYSTEM, note="last yes")
    assert Hold.objects.get().status == HoldStatus.COMMITTED
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.before, entry.after, entry.note, entry.subject) == (
        "committed",
        {"status": "held"},
        {"status": "committed"},
        "last yes",
        f"hold:{hold.pk}",
    )


@pytest.mark.parametrize("came_from", HoldStatus)
@pytest.mark.parametrize("to", HoldStatus)
def test_only_the_table_of_transitions_passes(hold, came_from, to):
    Hold.objects.update(status=came_from)
    hold.refresh_from_db()
    if to in TRANSITIONS.get(came_from, ()):
        move(hold, to=to, by=SYSTEM)
        assert Hold.objects.get().status == to
    else:
        with pytest.raises(ConflictError, match="cannot become"):
            move(hold, to=to, by=SYSTEM)
        assert Hold.objects.get().status == came_from
        assert not AuditEntry.objects.exists()


def test_a_stale_copy_loses(hold):
    other = Hold.objects.get()
    move(hold, to=HoldStatus.COMMITTED, by=SYSTEM)
    with pytest.raises(StaleStateError):
        move(other, to=HoldStatus.RELEASED, by=SYSTEM)
    assert Hold.objects.get().status == HoldStatus.COMMITTED
    assert AuditEntry.objects.count() == 1


def test_where_fences_the_write(hold):
    with pytest.raises(StaleStateError):
        move(hold, to=HoldStatus.COMMITTED, by=SYSTEM, where={"amount": 11})
    move(hold, to=HoldStatus.COMMITTED, by=SYSTEM, where={"amount": 10}, why="changed too")
    assert Hold.objects.get().why == "changed too"


def test_a_quiet_move_is_not_audited(hold):
    move(hold, to=HoldStatus.COMMITTED, by=SYSTEM, audited=False)
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_eight_at_once_one_wins(hold):
    copies = [Hold.objects.get(pk=hold.pk) for _ in range(8)]
    outcomes = at_once([partial(move, one, to=HoldStatus.COMMITTED, by=SYSTEM) for one in copies])
    assert sum(isinstance(one, StaleStateError) for one in outcomes) == 7
    assert outcomes.count(None) == 1
    assert AuditEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("cut_before", [1, 2, 3, 4, 5])
def test_a_crash_at_any_statement_leaves_all_or_nothing(hold, cut_before):
    from tests.crash import connection_ends_before

    with connection_ends_before(cut_before) as crash, suppress(*crash.errors):
        move(hold, to=HoldStatus.COMMITTED, by=SYSTEM)
    connection.close()
    moved = Hold.objects.get().status == HoldStatus.COMMITTED
    assert AuditEntry.objects.count() == int(moved)
    assert moved is (not crash.happened)
