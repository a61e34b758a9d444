"""Guards refuse, listeners follow, in order, in one transaction."""

from dataclasses import dataclass

import pytest
from django.db import transaction

from apps.kernel import events
from apps.kernel.errors import ConflictError


@dataclass(frozen=True)
class Rang:
    n: int = 0


@dataclass(frozen=True)
class Echoed:
    n: int


@pytest.fixture(autouse=True)
def own_story(monkeypatch):
    monkeypatch.setattr(events, "GUARDS", {})
    monkeypatch.setattr(events, "LISTENERS", {})


@pytest.mark.django_db(transaction=True)
def test_telling_outside_a_transaction_is_an_error():
    with pytest.raises(RuntimeError, match="outside a transaction"):
        events.tell(Rang())


@pytest.mark.django_db
def test_a_guard_refuses_before_any_listener_runs():
    heard = []

    def refuse(event):
        raise ConflictError("not today; tomorrow would pass")

    events.guard(Rang, refuse)
    events.on(Rang, heard.append)
    with pytest.raises(ConflictError, match="tomorrow"), transaction.atomic():
        events.tell(Rang())
    assert heard == []


@pytest.mark.django_db
def test_events_told_by_listeners_wait_their_turn():
    heard = []

    def first(event):
        heard.append("first")
        events.tell(Echoed(1))
        events.tell(Echoed(2))

    events.on(Rang, first, lambda event: heard.append("second"))
    events.on(Echoed, lambda event: heard.append(event.n))
    events.tell(Rang())
    assert heard == ["first", "second", 1, 2]


@pytest.mark.django_db
def test_a_listener_that_raises_is_a_defect_and_undoes_the_act(people):
    from apps.teams.models import BusinessUnit

    def bad(event):
        raise ConflictError("listeners must not refuse")

    events.on(Rang, bad)
    refused = pytest.raises(events.ListenerDefectError, match="bad failed on Rang")
    with refused, transaction.atomic():
        BusinessUnit.objects.update(cost_centre="CC-0")
        events.tell(Rang())
    assert not BusinessUnit.objects.filter(cost_centre="CC-0").exists()
    events.LISTENERS.clear()
    events.tell(Rang())  # the queue is free again


@pytest.mark.django_db
def test_a_circle_is_found():
    events.on(Rang, lambda event: events.tell(Rang(event.n + 1)))
    with pytest.raises(events.ListenerDefectError, match="circle"):
        events.tell(Rang())
