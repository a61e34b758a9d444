"""What happens to the work of a request moves the request, once, whatever came before."""

from dataclasses import dataclass

import pytest

from apps.approvals import services as approvals
from apps.capacity.selectors import free
from apps.kernel.errors import ConflictError
from apps.kernel.models import AuditEntry
from apps.requests import services
from apps.requests.models import ResourceRequest
from tests.requests.asks import METER, room, submitted

pytestmark = pytest.mark.django_db
WHERE = {"tier": "prod", "region": "swedencentral", "meter": METER}


@dataclass
class Event:
    request_id: int
    sentence: str = "Azure has 50 K TPM left. Ask for 50 or less."


@pytest.fixture
def approved(people):
    room()
    row = submitted(people.alice, capacity=100, requests_per_day=100)
    return approvals.approve(request=row, by=people.petra)


def moves(row):
    entries = AuditEntry.objects.filter(subject=row.ref).order_by("id")
    return [e.verb for e in entries if e.verb != "held capacity"]


def test_a_build_that_goes_well(approved):
    services.mark_building(Event(approved.pk))
    services.mark_building(Event(approved.pk))
    services.mark_fulfilled(Event(approved.pk))
    approved.refresh_from_db()
    assert approved.status == "done"
    assert approved.ended_at
    assert moves(approved) == ["submitted", "in_review", "approved", "building", "done"]


def test_a_build_that_needs_help_and_gets_it(approved):
    services.mark_building(Event(approved.pk))
    services.mark_needs_help(Event(approved.pk))
    services.mark_needs_help(Event(approved.pk))
    approved.refresh_from_db()
    assert (approved.status, approved.trouble) == ("needs_help", Event.sentence)
    services.mark_building(Event(approved.pk))
    approved.refresh_from_db()
    assert (approved.status, approved.trouble) == ("building", "")


def test_a_build_that_is_given_up(people, approved):
    services.mark_needs_help(Event(approved.pk))
    services.mark_failed(request=approved, reason="The region is closed.", by=people.petra)
    approved.refresh_from_db()
    assert (approved.status, approved.trouble) == ("failed", "The region is closed.")
    assert (free(**WHERE).committed, free(**WHERE).held) == (0, 0)


def test_a_build_that_azure_refuses_goes_back_with_its_capacity_free(approved):
    services.mark_building(Event(approved.pk))
    services.return_to_requester(Event(approved.pk))
    approved.refresh_from_db()
    assert (approved.status, approved.trouble) == ("returned", Event.sentence)
    assert free(**WHERE).committed == 0
    services.return_to_requester(Event(approved.pk))
    assert moves(approved)[-1] == "returned"


def test_what_has_ended_is_not_returned(people, approved):
    ResourceRequest.objects.filter(pk=approved.pk).update(status="done")
    services.return_to_requester(Event(approved.pk))
    approved.refresh_from_db()
    assert approved.status == "done"


def test_nothing_skips_the_review(people):
    room()
    row = submitted(people.alice)
    with pytest.raises(ConflictError, match="is in review"):
        services.mark_building(Event(row.pk))
