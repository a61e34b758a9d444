"""Send what waits: gather the notices of one person, lease the delivery, send it, write back.

gather → claim (lease) → send, with no transaction open → write (fenced by the lease). Whoever dies
between send and write leaves a lease that runs out: the message then goes out again, with the same
Message-ID.
"""

import time
from datetime import datetime

from apps.notices.errors import WayDownError
from apps.notices.worker.gather import gather
from apps.notices.worker.lease import claim, free_expired, write
from apps.notices.worker.send import send

__all__ = ["claim", "gather", "send", "tick", "write"]
BUDGET_S = 60  # well below the broker's patience; the next tick goes on


def tick(*, now: datetime) -> int:
    """Send what is due; returns how many deliveries were tried.

    When the mail server is away nobody else's mail is tried in this tick: each would wait for it.
    """
    free_expired(now=now)
    gather(now=now)
    tried, mail, began = 0, True, time.monotonic()
    while time.monotonic() - began < BUDGET_S and (delivery := claim(now=now, mail=mail)):
        ended = send(delivery)
        write(delivery, ended, now=now)
        mail = mail and not (delivery.person_id and isinstance(ended, WayDownError))
        tried += 1
    return tried
