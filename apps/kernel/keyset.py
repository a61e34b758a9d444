"""Pages of a long list by key, never by offset: page 1,000 costs what page 1 costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet

from apps.kernel.errors import PortalError

M = TypeVar("M", bound=Model)
SIZE = 25


@dataclass(frozen=True)
class Page(Generic[M]):
    """Rows of one page; `older` and `newer` are cursors, empty where there is nothing more."""

    rows: Sequence[M]
    older: str
    newer: str


def page(rows: QuerySet[M], *, order: Sequence[str], cursor: str = "", size: int = SIZE) -> Page[M]:
    """Cut one page out of `rows`, ordered by `order` (`-created_at`, `-id`; the last is unique).

    A cursor is signed for its order, so it can be neither bent nor taken to another list's order;
    any other text is refused with a sentence.
    """
    backwards, key = _read(cursor, order)
    keys = [_flip(name) if backwards else name for name in order]
    if key is not None:
        rows = rows.filter(_after(keys, key))
    found = list(rows.order_by(*keys)[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    has_newer = more if backwards else key is not None
    has_older = key is not None if backwards else more
    return Page(
        found,
        older=_write(found[-1], order, backwards=False) if found and has_older else "",
        newer=_write(found[0], order, backwards=True) if found and has_newer else "",
    )


def _flip(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _after(keys: Sequence[str], values: Sequence[Any]) -> Q:
    """Build `a > x OR (a = x AND b > y)`, with the direction of each key."""
    condition = Q()
    for i, key in reversed(list(enumerate(keys))):
        name = key.lstrip("-")
        step = Q(**{f"{name}__{'lt' if key.startswith('-') else 'gt'}": values[i]})
        condition = step | (Q(**{name: values[i]}) & condition) if condition else step
    return condition


def _write(row: Model, order: Sequence[str], *, backwards: bool) -> str:
    values = []
    for name in order:
        value: Any = row
        for part in name.lstrip("-").split("__"):
            value = getattr(value, part)
        if isinstance(value, date):
            value = value.isoformat()
        values.append(value if isinstance(value, int) else str(value))
    return signing.dumps([backwards, values], salt=_salt(order), compress=True)


def _read(cursor: str, order: Sequence[str]) -> tuple[bool, list[Any] | None]:
    if not cursor:
        return False, None
    try:
        backwards, values = signing.loads(cursor, salt=_salt(order))
    except (signing.BadSignature, ValueError):
        raise PortalError("This page link is broken. Start again from the first page.") from None
    return backwards, values


def _salt(order: Sequence[str]) -> str:
    return f"keyset:{','.join(order)}"
