"""Go on where the database ended a transaction because two waited for each other."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import psycopg.errors
from django.db import OperationalError, connection

TRIES = 5
P = ParamSpec("P")
T = TypeVar("T")


def again_after_deadlock(act: Callable[P, T]) -> Callable[P, T]:
    """Run an act again that fell victim to a deadlock; its transaction left nothing behind.

    Two batches with the same calls insert them in different orders, one by COPY and one from the
    stage. Within a transaction of the caller nothing can be run again: the error goes up.
    """

    @wraps(act)
    def tried(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(TRIES - 1):
            try:
                return act(*args, **kwargs)
            except OperationalError as error:
                if connection.in_atomic_block or not _is_deadlock(error):
                    raise
        return act(*args, **kwargs)

    return tried


def _is_deadlock(error: OperationalError) -> bool:
    return isinstance(error.__cause__, psycopg.errors.DeadlockDetected)
