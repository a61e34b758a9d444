"""The connection ends before or after any statement: nothing is ever half done."""

import pytest
from django.db import connection

from apps.approvals import services
from apps.approvals.models import Decision, Offer, Round, Step
from apps.capacity.models import Hold
from apps.kernel.events import ListenerDefectError
from apps.kernel.models import AuditEntry
from apps.provisioning.models import Job
from apps.requests import services as requests
from apps.requests.models import ResourceRequest
from tests.approvals.offices import again, in_force, one_rule
from tests.crash import connection_ends_before
from tests.requests.asks import draft, room, submitted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
CHEAP = {"capacity": 100, "requests_per_day": 100}
MOST = 400


def picture():
    """Everything that submit and approve write."""
    return {
        "requests": list(ResourceRequest.objects.order_by("pk").values_list("pk", "status")),
        "holds": list(Hold.objects.order_by("pk").values_list("subject", "status", "amount")),
        "steps": list(Step.objects.order_by("pk").values_list("request", "label", "status")),
        "votes": Decision.objects.count(),
        "offers": list(Offer.objects.order_by("pk").values_list("request", "status")),
        "rounds": list(Round.objects.order_by("pk").values_list("request", "ended_at")),
        "jobs": list(Job.objects.order_by("pk").values_list("request", "purpose")),
        "audit": AuditEntry.objects.count(),
    }


def crash_everywhere(act, *, step):
    """End the connection before each `step`-th statement, until the act gets through."""
    before, n = picture(), 1
    while n < MOST:
        with connection_ends_before(n) as crash:
            try:
                act()
            except (*crash.errors, ListenerDefectError):
                pass
        connection.close()
        if not crash.happened:
            return before, n
        assert picture() == before, f"half done after a crash before statement {n}"
        n += step
    raise AssertionError("the act never got through")


def test_submit_is_all_or_nothing(people):
    room()
    row = draft(people.alice, **CHEAP)
    _, statements = crash_everywhere(
        lambda: requests.submit_request(request=row, by=people.alice), step=3
    )
    assert statements > 20
    now = picture()
    assert now["requests"] == [(row.pk, "in_review")]
    assert {status for _, status, _ in now["holds"]} == {"held", "committed"}
    assert len(now["steps"]) == 2
    assert now["jobs"] == [(row.pk, "what_if")]


def test_approve_is_all_or_nothing(people):
    room()
    row = submitted(people.alice, **CHEAP)
    _, statements = crash_everywhere(lambda: services.approve(request=row, by=people.petra), step=2)
    assert statements > 10
    now = picture()
    assert now["requests"] == [(row.pk, "approved")]
    assert now["votes"] == 1
    assert (row.pk, "build") in now["jobs"]
    assert "held" not in {s for subject, s, _ in now["holds"] if subject == row.ref}


def test_withdraw_is_all_or_nothing(people):
    room()
    row = submitted(people.alice, **CHEAP)
    crash_everywhere(lambda: requests.withdraw_request(request=row, by=people.alice), step=2)
    now = picture()
    assert now["requests"] == [(row.pk, "withdrawn")]
    assert {s for subject, s, _ in now["holds"] if subject == row.ref} == {"released"}


def test_each_vote_of_two_is_all_or_nothing(people):
    in_force(one_rule("label: Platform, who: platform, quorum: 2"))
    room()
    row = submitted(people.alice, **CHEAP)
    crash_everywhere(lambda: services.approve(request=row, by=again(people.petra)), step=1)
    assert picture()["requests"] == [(row.pk, "in_review")]
    crash_everywhere(lambda: services.approve(request=row, by=again(people.jonas)), step=1)
    now = picture()
    assert (now["requests"], now["votes"]) == ([(row.pk, "approved")], 2)


def test_accepting_an_offer_is_all_or_nothing(people):
    room()
    row = submitted(people.alice, **CHEAP)
    services.make_offer(
        request=row, changes={"capacity": "50"}, note="Less will do.", by=people.petra
    )
    _, statements = crash_everywhere(
        lambda: services.accept_offer(request=row, by=again(people.alice)), step=1
    )
    assert statements > 60
    now = picture()
    assert (now["requests"], now["votes"]) == ([(row.pk, "approved")], 1)
    assert now["offers"] == [(row.pk, "accepted")]
    promised = [(s, a) for subject, s, a in now["holds"] if subject == row.ref]
    assert ("committed", 50) in promised
    assert not [one for one in promised if one[0] == "held" or one == ("committed", 100)]
