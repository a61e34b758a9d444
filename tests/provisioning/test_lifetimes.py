"""What ends by itself: reminders, renewal, and what becomes of what nobody renews."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from apps.kernel.errors import ConflictError
from apps.kernel.models import AuditEntry
from apps.provisioning import selectors, services, tasks
from apps.provisioning.models import Job, Resource
from apps.requests.models import ResourceRequest
from apps.teams.models import Environment
from tests.provisioning.test_endings import built

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = timezone.now().date
DAY = timedelta(days=1)


def lifetime(days, *, retires=False):
    Environment.objects.filter(slug="prod").update(lifetime_days=days, retires_expired=retires)


def ending(office, days, *, retires=False):
    """Something built that has `days` left."""
    lifetime(90, retires=retires)
    resource = built(office)
    Resource.objects.update(expires_on=TODAY() + days * DAY, reminded_on=TODAY() - 60 * DAY)
    resource.refresh_from_db()
    return resource


def reminders(resource):
    return AuditEntry.objects.filter(subject=resource.ref, verb="reminded").count()


@pytest.mark.parametrize(
    ("today", "told"),
    [
        ("2026-01-01", None),
        ("2026-03-01", None),
        ("2026-03-02", "2026-03-02"),
        ("2026-03-24", "2026-03-02"),
        ("2026-03-25", "2026-03-25"),
        ("2026-03-31", "2026-03-31"),
        ("2026-04-01", "2026-04-01"),
        ("2026-04-07", "2026-04-01"),
        ("2026-04-08", "2026-04-08"),
        ("2026-05-01", "2026-04-29"),
    ],
)
def test_the_days_on_which_people_are_told(today, told):
    found = selectors.milestone(date(2026, 4, 1), date.fromisoformat(today))
    assert found == (told and date.fromisoformat(told))


def test_what_is_built_ends_as_its_environment_says(office):
    assert built(office).expires_on is None
    lifetime(30)
    resource = built(office)
    assert resource.expires_on == TODAY() + 30 * DAY
    services.remind(today=TODAY())
    assert reminders(resource) == 0  # nobody is told on the day it was built


def test_each_reminder_comes_once(office):
    """note_ending keeps each in the audit trail."""
    resource = ending(office, 6)
    for _ in range(3):
        tasks.remind()
    assert reminders(resource) == 1
    services.remind(today=TODAY() + 5 * DAY)
    assert reminders(resource) == 2
    for days in (6, 7, 13, 14):
        services.remind(today=TODAY() + days * DAY)
    assert reminders(resource) == 4
    resource.refresh_from_db()
    assert resource.status == "live"
    assert [one.pk for one in selectors.expired_of(office.people.alice)] == [resource.pk]
    assert selectors.expired_of(office.people.charlie) == []
    assert selectors.expired_of(office.people.petra) == ()


def test_a_renewal_gives_another_lifetime(office):
    resource = ending(office, 6)
    request = services.ask_renewal(resource=resource, reason="In use.", by=office.people.alice)
    assert request.act == "renew"
    assert request.messages.get().body == "In use."
    office.approve(request)
    resource.refresh_from_db()
    assert request.status == "done"
    assert resource.expires_on == TODAY() + 90 * DAY
    assert not Job.objects.filter(request=request).exists()
    assert AuditEntry.objects.get(subject=resource.ref, verb="renewed").after == {
        "expires_on": resource.expires_on.isoformat()
    }
    services.remind(today=TODAY())
    assert reminders(resource) == 0


def test_nothing_is_renewed_that_does_not_end(office):
    resource = built(office)
    with pytest.raises(ConflictError, match="does not end by itself"):
        services.ask_renewal(resource=resource, by=office.people.alice)
    assert not ResourceRequest.objects.filter(act="renew").exists()


def test_what_nobody_renewed_is_retired_where_that_is_the_rule(office):
    resource = ending(office, 0, retires=True)
    services.remind(today=TODAY())
    resource.refresh_from_db()
    assert resource.status == "retiring"
    job = Job.objects.get(resource=resource, purpose="delete")
    assert job.request_id == resource.request_id
    assert not job.carries_request
    services.restore(resource=resource, by=office.people.bob)
    resource.refresh_from_db()
    assert (resource.status, resource.expires_on) == ("live", TODAY() + 7 * DAY)
    resource.request.refresh_from_db()
    assert resource.request.status == "done"


def test_its_deletion_moves_no_request(office):
    resource = ending(office, 0, retires=True)
    services.remind(today=TODAY())
    job = office.until(Job.objects.get(resource=resource, purpose="delete"))
    resource.refresh_from_db()
    resource.request.refresh_from_db()
    assert (job.status, resource.status, resource.request.status) == ("done", "retired", "done")


def test_what_somebody_has_asked_about_is_not_retired(office):
    resource = ending(office, 0, retires=True)
    services.ask_renewal(resource=resource, by=office.people.alice)
    services.remind(today=TODAY())
    resource.refresh_from_db()
    assert resource.status == "live"


def test_what_ended_meanwhile_is_not_renewed(office):
    """It was retired by hand while the renewal waited."""
    resource = ending(office, 6)
    request = services.ask_renewal(resource=resource, by=office.people.alice)
    if request.status != "in_review":
        pytest.skip("renewals approve themselves here")
    services.retire(resource=resource, request=resource.request, by=office.people.petra)
    office.approve(request)
    assert request.status == "returned"
    assert "Restore it on its page first" in request.trouble
    resource.refresh_from_db()
    assert resource.status == "retiring"


def test_what_is_retiring_is_not_asked_about(office):
    """require_present: nothing is asked about what will not be there."""
    resource = ending(office, 0, retires=True)
    services.remind(today=TODAY())
    with pytest.raises(ConflictError, match="is retiring: nothing can be asked"):
        services.ask_renewal(resource=resource, by=office.people.alice)
