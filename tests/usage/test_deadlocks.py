"""An act that the database ended because of a deadlock runs again, and only such a one."""

import threading

import pytest
from django.db import DataError, OperationalError, connection, transaction

from apps.usage.services.deadlocks import TRIES, again_after_deadlock
from tests.race import at_once


@again_after_deadlock
def crossed(first, second, met, tries):
    """Take two locks; the first time, wait in between until the other one has its first too."""
    tries.append(first)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7, %s)", [first])
        if tries.count(first) == 1:
            met.wait(20)
        cursor.execute("SELECT pg_advisory_xact_lock(7, %s)", [second])
    return "done"


@pytest.mark.django_db(transaction=True)
def test_the_victim_of_a_deadlock_tries_again():
    met, tries = threading.Barrier(2), []
    said = at_once([lambda: crossed(1, 2, met, tries), lambda: crossed(2, 1, met, tries)])
    assert said == ["done", "done"]
    assert len(tries) == 3


@pytest.mark.django_db(transaction=True)
def test_within_a_transaction_of_the_caller_the_error_goes_up():
    met, tries = threading.Barrier(2), []

    def inside(first, second):
        with transaction.atomic():
            return crossed(first, second, met, tries)

    said = at_once([lambda: inside(1, 2), lambda: inside(2, 1)])
    assert sorted(map(str, map(type, said))) == [str(OperationalError), str(str)]
    assert len(tries) == 2


@pytest.mark.django_db
def test_another_error_is_not_tried_again():
    tries = []

    @again_after_deadlock
    def divide():
        tries.append(1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    with pytest.raises(DataError, match="division by zero"):
        divide()
    assert (len(tries), TRIES > 1) == (1, True)
