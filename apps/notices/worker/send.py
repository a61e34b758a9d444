"""Send one leased delivery; what came of it is returned, a refusal included."""

import structlog
from django.db import InterfaceError, OperationalError, connection

from apps.notices import selectors
from apps.notices.client import post_card, send_mail
from apps.notices.errors import RefusedError, UndeliveredError
from apps.notices.models import Delivery
from apps.notices.states import DeliveryStatus

log = structlog.get_logger(__name__)
Ended = DeliveryStatus | UndeliveredError


def send(delivery: Delivery) -> Ended:
    """Send it with no transaction open; dropped when nobody is left who may read it."""
    if connection.in_atomic_block:
        raise RuntimeError("A delivery talks to other machines: never inside a transaction.")
    try:
        letter = selectors.letter_of(delivery)
        if letter is None:
            return DeliveryStatus.DROPPED
        if delivery.channel:
            post_card(letter, webhook=delivery.channel.webhook)
        else:
            send_mail(letter)
    except UndeliveredError as error:
        return error
    except (OperationalError, InterfaceError):
        raise  # the database is away, no defect: the lease runs out, and it is sent again
    except Exception as error:
        # A defect of ours must not keep the others' messages from them.
        log.exception("delivery failed", delivery_id=delivery.pk)
        return RefusedError(
            f"A defect of the portal kept this from being sent ({type(error).__name__}). The "
            f"worker's log has the details under delivery {delivery.pk}."
        )
    return DeliveryStatus.SENT
