"""The Celery application: it nudges; the rows are the truth."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()  # in every thread of the web server too, not in this one only
app.autodiscover_tasks()


@worker_init.connect
def before_the_first_task(**_: Any) -> None:
    """Refuse to work where the portal may not start (portal/checks.py).

    SystemExit ends the worker; of any other exception in a signal Celery only writes a log line.
    """
    from portal.checks import refuse_to_start  # noqa: PLC0415  Django is set up by now

    try:
        refuse_to_start()
    except Exception as refused:
        raise SystemExit(f"The worker does not start. {refused}") from refused
