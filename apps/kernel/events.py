"""Guards may refuse an event; listeners do what follows from it, in the same transaction."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import structlog
from django.db import transaction

E = TypeVar("E")
Handler = Callable[[Any], None]
MAX_DEPTH = 20

GUARDS: dict[type, list[Handler]] = {}
LISTENERS: dict[type, list[Handler]] = {}
log = structlog.get_logger(__name__)
_queue: ContextVar[deque[tuple[Any, int]] | None] = ContextVar("events_queue", default=None)
_depth: ContextVar[int] = ContextVar("events_depth", default=0)


class ListenerDefectError(RuntimeError):
    """A listener raised: it must not refuse, so this is a defect of ours, not of the caller."""


def guard(event: type[E], *handlers: Callable[[E], None]) -> None:
    """Let `handlers` refuse `event` by raising PortalError; the whole act is then undone."""
    GUARDS.setdefault(event, []).extend(handlers)


def on(event: type[E], *handlers: Callable[[E], None]) -> None:
    """Let `handlers` follow `event`, in this order."""
    LISTENERS.setdefault(event, []).extend(handlers)


def tell(event: object) -> None:
    """Ask the guards, then tell the listeners, all in the caller's transaction.

    An event told while listeners run waits until the present event's listeners are through; so
    every listener sees events in the order in which they were told. Depth over 20 is an error.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{type(event).__name__} was told outside a transaction.")
    for handler in GUARDS.get(type(event), ()):
        handler(event)
    waiting = _queue.get()
    if waiting is not None:
        waiting.append((event, _depth.get() + 1))
        return
    with _delivering() as queue:
        queue.append((event, 1))
        while queue:
            _deliver(*queue.popleft())


@contextmanager
def _delivering() -> Iterator[deque[tuple[Any, int]]]:
    queue: deque[tuple[Any, int]] = deque()
    token = _queue.set(queue)
    try:
        yield queue
    finally:
        _queue.reset(token)


def _deliver(event: object, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ListenerDefectError(f"Events tell each other in a circle: {type(event).__name__}.")
    token = _depth.set(depth)
    try:
        for handler in LISTENERS.get(type(event), ()):
            try:
                handler(event)
            except Exception as error:
                name = f"{handler.__module__}.{handler.__qualname__}"
                log.exception("listener failed", event_type=type(event).__name__, listener=name)
                raise ListenerDefectError(f"{name} failed on {type(event).__name__}.") from error
    finally:
        _depth.reset(token)
