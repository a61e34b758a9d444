"""Lease one delivery, and write back what came of it, if the lease is still ours."""

import random
import uuid
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from apps.kernel import states
from apps.kernel.actors import SYSTEM
from apps.kernel.errors import StaleStateError
from apps.notices.errors import RefusedError, UndeliveredError
from apps.notices.models import Delivery
from apps.notices.states import DeliveryStatus
from apps.notices.worker.send import Ended

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=3)  # longer than all calls to a mail server, ten seconds each
FIRST_PAUSE_S, LONGEST_PAUSE_S = 30, 900
TRIED_FOR = timedelta(days=3)
LOST = "The worker that had it stopped answering, so it may have been sent, or not."


@transaction.atomic
def claim(*, now: datetime, mail: bool) -> Delivery | None:
    """Lease the delivery that has waited longest; without `mail` only one to a channel.

    A row that another worker is looking at is skipped, so each has its own.
    """
    rows = Delivery.objects.filter(status=DeliveryStatus.PENDING, due_at__lte=now)
    if not mail:
        rows = rows.filter(person=None)
    locked = rows.select_for_update(skip_locked=True, of=("self",))
    found = locked.select_related("person", "channel").order_by("due_at", "id").first()
    if found:
        states.move(
            found,
            to=DeliveryStatus.SENDING,
            by=SYSTEM,
            audited=False,
            lease_id=uuid.uuid4(),
            lease_until=now + LEASE,
            attempts=found.attempts + 1,
        )
    return found


def free_expired(*, now: datetime) -> None:
    """Put back what dead workers had; it may have been sent, and is then sent again.

    What workers die of again and again is given up like what no server takes.
    """
    expired = Delivery.objects.filter(status=DeliveryStatus.SENDING, lease_until__lt=now)
    for delivery in expired.order_by("lease_until")[:500]:
        over = now - delivery.since_at >= TRIED_FOR
        to = DeliveryStatus.FAILED if over else DeliveryStatus.PENDING
        _move(delivery, to, due_at=now, ended_at=now if over else None, trouble=LOST)


def write(delivery: Delivery, ended: Ended, *, now: datetime) -> bool:
    """Write what came of it; False when the lease was lost meanwhile and nothing was written."""
    if not isinstance(ended, UndeliveredError):
        return _move(delivery, ended, ended_at=now, trouble="")
    trouble = ended.sentence
    if isinstance(ended, RefusedError):
        return _move(delivery, DeliveryStatus.FAILED, ended_at=now, trouble=trouble)
    if now - delivery.since_at >= TRIED_FOR:
        trouble = f"Given up after {TRIED_FOR.days} days. {trouble}"
        return _move(delivery, DeliveryStatus.FAILED, ended_at=now, trouble=trouble)
    least = min(FIRST_PAUSE_S * 2 ** min(delivery.attempts - 1, 10), LONGEST_PAUSE_S)
    pause = max(ended.after_s, least) * random.uniform(1, 1.3)  # noqa: S311  keeps many apart
    due_at = now + timedelta(seconds=pause)
    return _move(delivery, DeliveryStatus.PENDING, due_at=due_at, trouble=trouble)


def _move(delivery: Delivery, to: DeliveryStatus, **changes: Any) -> bool:
    """Move a delivery out of its lease, if the lease is still the one that was read."""
    try:
        states.move(
            delivery,
            to=to,
            by=SYSTEM,
            where={"lease_id": delivery.lease_id},
            audited=False,
            lease_id=None,
            lease_until=None,
            **changes,
        )
    except StaleStateError:
        log.warning("lease lost, nothing written", delivery_id=delivery.pk)
        return False
    return True
