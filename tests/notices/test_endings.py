"""People hear when something of theirs is to end, is back, or is gone."""

import pytest
from django.utils import timezone

from apps.notices.models import Notice
from apps.provisioning import services
from apps.provisioning.models import Resource
from apps.teams.models import Environment
from tests.provisioning.test_pages import built

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def resource(people):
    (made,) = built(people)
    return made


def heard(person):
    found = Notice.objects.filter(person=person).order_by("id")
    return [(one.title, one.path) for one in found]


def test_the_team_hears_of_an_end_and_of_the_way_back(people, resource):
    page = f"/resources/{resource.pk}/"
    services.retire(resource=resource, request=resource.request, by=people.petra)
    assert heard(people.bob) == [(f"{resource.name} is retiring", page)]
    assert "It is deleted after" in Notice.objects.filter(person=people.bob).get().body
    services.restore(resource=resource, by=people.alice)
    assert heard(people.bob)[1:] == [(f"{resource.name} is restored", page)]
    assert len(heard(people.alice)) == 1  # she did the second herself
    assert heard(people.charlie) == []


def test_reminders_are_heard_once(people, resource):
    today = timezone.now().date()
    Environment.objects.filter(slug="prod").update(lifetime_days=90)
    Resource.objects.update(expires_on=today, reminded_on=None)
    for _ in range(2):
        services.remind(today=today)
    assert [title for title, _ in heard(people.alice)] == [f"{resource.name} has ended"]
