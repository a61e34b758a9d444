"""Each is told as they prefer: under the bell, by mail, at once or once a day."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from apps.approvals import services as approvals
from apps.notices.models import DigestTime, Notice, Preference
from apps.notices.rules import next_digest
from apps.requests import services as requests
from tests.notices.test_inform import CHEAP, told
from tests.requests.asks import room, submitted

pytestmark = pytest.mark.django_db


def prefer(person, topic, channel, mode):
    Preference.objects.create(person=person, topic=topic, channel=channel, mode=mode)


def test_each_is_told_as_they_prefer(people):
    room()
    prefer(people.jonas, "decide", "email", "off")
    prefer(people.petra, "decide", "portal", "off")
    prefer(people.alice, "team", "email", "off")
    prefer(people.alice, "team", "portal", "off")
    row, now = submitted(people.bob, **CHEAP), timezone.now()
    jonas, petra = (Notice.objects.get(person=one) for one in (people.jonas, people.petra))
    assert (jonas.listed, jonas.due_at) == (True, None)
    assert petra.listed is False
    assert timedelta(seconds=55) < petra.due_at - now <= timedelta(seconds=60)
    approvals.approve(request=row, by=people.petra)
    assert told("is approved") == {"bob": "mine"}, "alice wants to hear nothing of her team"


def test_once_a_day_is_an_hour_of_ones_own_zone(people):
    room()
    DigestTime.objects.create(person=people.alice, hour=7, zone="Asia/Tokyo")
    requests.withdraw_request(request=submitted(people.bob, **CHEAP), by=people.bob)
    due = Notice.objects.get(person=people.alice).due_at
    assert (due.hour, due.minute, due > timezone.now()) == (22, 0, True), "07:00 in Tokyo"


@pytest.mark.parametrize(
    ("now", "hour", "zone", "due"),
    [
        ("2026-11-25T06:59:59", 8, "UTC", "2026-11-25T08:00:00"),
        ("2026-11-25T08:00:00", 8, "UTC", "2026-11-26T08:00:00"),
        ("2026-11-25T06:59:59", 8, "Europe/Berlin", "2026-11-25T07:00:00"),
        ("2026-11-25T20:00:00", 7, "Asia/Tokyo", "2026-11-25T22:00:00"),
        ("2026-11-25T23:00:00", 7, "America/Los_Angeles", "2026-11-26T15:00:00"),
        # The clocks go forward at 02:00 on 28 March 2027: there is no half past two that day.
        ("2027-03-27T12:00:00", 2, "Europe/Berlin", "2027-03-28T01:00:00"),
        ("2027-03-28T06:00:00", 8, "Europe/Berlin", "2027-03-29T06:00:00"),
    ],
)
def test_the_next_digest(now, hour, zone, due):
    at = datetime.fromisoformat(f"{now}+00:00")
    assert next_digest(at, hour=hour, zone=zone) == datetime.fromisoformat(f"{due}+00:00")
