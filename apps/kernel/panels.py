"""Slots in pages, and the panels that chapters put into them."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from django.db import transaction

log = structlog.get_logger(__name__)
Selector = Callable[..., dict[str, Any] | None]
T = TypeVar("T")


@dataclass(frozen=True)
class Panel:
    """One chapter's part of a page: `selector(viewer, **subject)` → template context, or None.

    None means: nothing to show here for this viewer. `queries` is the most the selector may ask.
    """

    name: str
    order: int
    selector: Selector
    template: str
    queries: int = 4


@dataclass(frozen=True)
class Shown:
    """A panel with what its selector said; `failed` when it raised."""

    panel: Panel
    context: dict[str, Any]
    failed: bool = False


SLOTS: dict[str, list[Panel]] = {}


def register(
    slot: str, name: str, *, order: int, selector: Selector, template: str, queries: int = 4
) -> None:
    """Put a panel into `slot` (call it in AppConfig.ready); lower `order` comes first."""
    panels = SLOTS.setdefault(slot, [])
    if any(p.name == name for p in panels):
        raise ValueError(f"Slot {slot} already has a panel named {name!r}.")
    panels.append(Panel(name, order, selector, template, queries))
    panels.sort(key=lambda p: (p.order, p.name))


def collect(slot: str, viewer: Any, **subject: Any) -> list[Shown]:
    """Run the selectors of `slot`; one that fails becomes a failure box, not a broken page."""
    shown = []
    for panel in SLOTS.get(slot, ()):
        try:
            with _fenced():
                context = panel.selector(viewer, **subject)
        except Exception:
            log.exception("panel failed", slot=slot, panel=panel.name)
            shown.append(Shown(panel, {}, failed=True))
        else:
            if context is not None:
                shown.append(Shown(panel, context))
    return shown


def once(viewer: Any, ask: Callable[[Any], T]) -> T:
    """Return `ask(viewer)`, asked once per request however many panels need it.

    It is kept on the viewer, who is read anew for each request.
    """
    if not hasattr(viewer, "asked_once"):
        viewer.asked_once = {}
    kept: dict[Any, T] = viewer.asked_once
    if ask not in kept:
        kept[ask] = ask(viewer)
    return kept[ask]


def _fenced() -> AbstractContextManager[object]:
    """Keep a failing query of one panel from breaking a transaction that surrounds the page."""
    if transaction.get_connection().in_atomic_block:
        return transaction.atomic()
    return nullcontext()
