"""Join the notices that wait for one person, or one channel, into one delivery."""

from datetime import datetime

from django.db import transaction

from apps.notices.models import Delivery, Notice
from apps.notices.rules import WINDOW

MOST = 500


def gather(*, now: datetime) -> int:
    """Make a delivery for everybody who has something due; returns how many.

    It takes along what would be due within the window: two hundred events of one minute are one
    message.
    """
    due = Notice.objects.filter(delivery=None, due_at__lte=now)
    recipients = due.values_list("person", "channel").distinct()[:MOST]
    return sum(_gather(person, channel, now) for person, channel in recipients)


@transaction.atomic
def _gather(person: int | None, channel: int | None, now: datetime) -> bool:
    """Take what nobody else is taking at this moment, if some of it is due."""
    waiting = Notice.objects.select_for_update(skip_locked=True).filter(
        person=person, channel=channel, delivery=None, due_at__lte=now + WINDOW
    )
    rows = list(waiting.only("pk", "due_at"))
    if not any(row.due_at and row.due_at <= now for row in rows):
        return False
    delivery = Delivery.objects.create(person_id=person, channel_id=channel, due_at=now)
    Notice.objects.filter(pk__in=[row.pk for row in rows]).update(delivery=delivery)
    return True
