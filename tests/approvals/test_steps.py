"""Steps are opened once per round, frozen with their rule, and closed with the request."""

from dataclasses import dataclass

import pytest

from apps.approvals import services
from apps.approvals.models import Step
from tests.requests.asks import Environment, Workload, draft, room, submitted

pytestmark = pytest.mark.django_db


@dataclass
class Event:
    request_id: int


def test_open_steps_begins_the_review_and_opens_the_first(people, settings):
    row = draft(people.alice)
    row.status = "submitted"
    row.submitted_at = row.created_at
    row.workload = Workload.objects.get(slug="claims-triage")
    row.environment = Environment.objects.get(slug="prod")
    row.estimate = {"expected_nano": 5}
    row.save()
    services.open_steps(Event(row.pk))
    row.refresh_from_db()
    assert row.status == "in_review"
    steps = list(Step.objects.filter(request=row))
    assert [(s.label, s.status, s.round) for s in steps] == [
        ("Platform", "open", 1),
        ("Finance", "not_needed", 1),
    ]
    assert steps[0].opened_at


def test_close_steps_cancels_what_is_undecided_and_keeps_votes(people):
    room()
    row = submitted(people.alice)
    services.approve(request=row, by=people.petra)
    services.close_steps(Event(row.pk))
    services.close_steps(Event(row.pk))
    found = dict(row.steps.values_list("label", "status"))
    assert found == {"Platform": "approved", "Finance": "cancelled"}
