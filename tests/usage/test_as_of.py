"""Numbers never claim to be newer than they are, whatever is rolled while they are read."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.usage import rollups
from apps.usage import selectors as usage
from apps.usage.states import Grain
from tests.usage.batches import deployment, events, send

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


class RollsAfterTheFirstReading:
    """Rolls what is dirty as soon as a rollup was read, as the worker may at any moment."""

    done = False

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        found = execute(sql, params, *rest)
        if not self.done and "FROM usage_hour" in sql:
            self.done = True
            rollups.roll_all()
        return found


def single(people, period):
    answer = usage.ask(people.petra, usage.Question(period))
    return answer.total, answer.as_of


def cube(people, period):
    found = usage.cube_of(people.petra, period, {})
    return found.answer().total, found.as_of


def own(people, period):
    found = usage.own_usage(people.petra)
    return usage.added([found.total, found.total_before, *found.week]), found.as_of


@pytest.mark.parametrize("read", [single, cube, own])
def test_an_hour_that_is_rolled_while_it_is_read_is_not_claimed(people, read):
    now = timezone.now()
    period = usage.Period(now.replace(minute=0, second=0, microsecond=0) - HOUR, now, Grain.HOUR)
    send(events(deployment(people), [now - timedelta(seconds=1)]))
    sent = timezone.now()
    rolls = RollsAfterTheFirstReading()
    with connection.execute_wrapper(rolls):
        total, complete = read(people, period)
    assert rolls.done
    assert total.requests == 0
    assert complete <= sent
    total, complete = read(people, period)
    assert total.requests
    assert complete > sent
