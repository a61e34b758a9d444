"""The server ends the connection before any statement: nothing is ever half-done."""

import pytest
from django.db import connection

from apps.capacity import services
from apps.capacity.models import Hold, Placement, Pool
from apps.kernel.models import AuditEntry
from tests.capacity.pools import PLACING, Ask, accounts, claim, pool
from tests.crash import connection_ends_before

pytestmark = pytest.mark.django_db(transaction=True)
SUBJECT = "request:1"
EVENT = Ask(SUBJECT, [claim(5), claim(7, meter="OpenAI.GlobalStandard.gpt-5-mini")], PLACING)
ACTS = {
    "hold": (services.hold, []),
    "commit": (services.commit, [services.hold]),
    "mark_built": (services.mark_built, [services.hold, services.commit]),
    "release": (services.release, [services.hold, services.commit, services.mark_built]),
}


def written():
    return (
        sorted(Hold.objects.values_list("subject", "pool__meter", "amount", "status")),
        Placement.objects.count(),
        Pool.objects.count(),
        AuditEntry.objects.exclude(verb="loaded").count(),
    )


@pytest.mark.parametrize("name", ACTS)
def test_a_crash_before_any_statement_leaves_everything_as_it_was(name):
    act, steps = ACTS[name]
    pool(100)
    pool(100, meter="OpenAI.GlobalStandard.gpt-5-mini")
    accounts()
    for step in steps:
        step(EVENT)
    before = written()
    n = 0
    while True:
        n += 1
        with connection_ends_before(n) as crash:
            try:
                act(EVENT)
            except crash.errors:
                assert crash.happened
        connection.close()
        if not crash.happened:
            break
        assert written() == before, f"half-done before statement {n}"
    assert n > 4
    assert written() != before, "without a crash it is done"
