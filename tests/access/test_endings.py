"""Ways in close when something is to end, open again when it stays, and move with a change."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.access import selectors, services
from apps.access.models import Grant
from apps.kernel.models import AuditEntry
from apps.provisioning.events import ResourceRestored, ResourceRetired, ResourceRetiring
from apps.provisioning.models import Resource
from apps.teams.models import Workload
from tests.access.test_access import done
from tests.provisioning.test_pages import built

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture
def resource(people):
    """Used since a week by its own workload and by one of another unit."""
    (made,) = built(people)
    services.open_grant(done(made))
    Grant.objects.update(from_at=timezone.now() - WEEK)
    own = Grant.objects.get()
    Grant.objects.create(
        resource=made,
        workload=Workload.objects.get(slug="fraud-notes"),
        team=own.team,
        business_unit=own.business_unit,
        environment=own.environment,
        from_at=own.from_at,
    )
    return made


def retiring(resource, at):
    return ResourceRetiring(resource.pk, resource.request_id, at=at)


def restored(resource, since):
    return ResourceRestored(resource.pk, resource.request_id, since=since)


def slices(resource):
    found = Grant.objects.filter(resource=resource, workload=resource.workload)
    return list(found.order_by("from_at"))


def unended(resource):
    return Grant.objects.filter(resource=resource, to_at=None).count()


def test_every_way_in_is_closed_and_a_second_telling_changes_nothing(people, resource):
    now = timezone.now()
    services.close_grants(retiring(resource, now))
    assert set(Grant.objects.values_list("to_at", flat=True)) == {now}
    services.close_grants(retiring(resource, now + timedelta(hours=1)))
    services.end_grants(ResourceRetired(resource.pk, resource.request_id, holder=1))
    assert set(Grant.objects.values_list("to_at", flat=True)) == {now}
    assert AuditEntry.objects.filter(verb="access closed").count() == 2
    Resource.objects.filter(pk=resource.pk).update(status="retiring", recycle_until=now)
    resource.refresh_from_db()
    assert selectors.connection(people.alice, resource) is None


def test_one_that_began_this_very_moment_is_closed_too(people, resource):
    now = timezone.now()
    Grant.objects.update(from_at=now)
    services.close_grants(retiring(resource, now))
    assert unended(resource) == 0


def test_who_had_access_gets_it_back_in_a_slice_of_their_own(people, resource):
    since = timezone.now() - timedelta(hours=1)
    services.close_grants(retiring(resource, since))
    services.reopen_grants(restored(resource, since))
    assert unended(resource) == 2
    first, second = slices(resource)
    assert (first.to_at, second.to_at) == (since, None)
    assert second.from_at > since  # nobody had access meanwhile, so nothing is attributed


def test_what_would_only_have_ended_later_goes_on_without_a_gap(people, resource):
    later = timezone.now() + timedelta(days=1)
    services.close_grants(retiring(resource, later))
    assert selectors.connection(people.alice, resource)
    services.reopen_grants(restored(resource, later))
    assert unended(resource) == 2
    assert len(slices(resource)) == 1


def test_what_was_closed_before_stays_closed(people, resource):
    Grant.objects.filter(workload__slug="fraud-notes").update(to_at=timezone.now())
    since = timezone.now()
    services.close_grants(retiring(resource, since))
    services.reopen_grants(restored(resource, since))
    assert unended(resource) == 1


def test_usage_of_a_new_version_is_told_apart(people, resource):
    Resource.objects.update(facts={**resource.facts, "version": "2026-01-01"})
    services.follow_change(done(resource))
    before, after = slices(resource)
    assert (before.version, after.version) == ("2025-11-13", "2026-01-01")
    assert before.to_at == after.from_at
    services.follow_change(done(resource))
    assert len(slices(resource)) == 2
