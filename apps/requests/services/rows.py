"""Lock a request, and clean what is stored with it."""

from collections.abc import Mapping
from typing import Any

from apps.kernel import formats
from apps.kernel.errors import InvalidError, NotFoundError
from apps.requests.kinds import RequestKind
from apps.requests.models import ResourceRequest
from apps.requests.selectors import reading
from apps.teams.models import Person

MAX_TYPED = 4_000
MAX_NUMBER = 10**15


def locked(pk: int) -> ResourceRequest:
    """Lock a request until the transaction ends; rows that point to it may still be added.

    The row alone is locked first: a join that is waiting for the lock would lose a row whose
    requester or workload the other transaction has just set.
    """
    if not ResourceRequest.objects.select_for_update(no_key=True).filter(pk=pk).first():
        raise NotFoundError
    return reading(ResourceRequest.objects.all()).get(pk=pk)


def present(person: Person) -> Person:
    """Read a person again, with the roles they hold now: one may have been taken a moment ago."""
    return Person.objects.get(pk=person.pk)


def storable(kind: RequestKind, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a draft keeps, as typed; refuse only what cannot be kept."""
    fields = kind.spec().fields
    unknown = sorted(str(name)[:60] for name in data if name not in fields)
    if unknown:
        known = ", ".join(fields)
        raise InvalidError(
            f"A {kind.label.lower()} has no field “{unknown[0]}”. It has: {known}.",
            dict.fromkeys(unknown[:20], "There is no such field."),
        )
    errors = {name: text for name, value in data.items() if (text := _unstorable(value))}
    if errors:
        label = fields[next(iter(errors))].label
        raise InvalidError(f"{label}: {next(iter(errors.values()))}", errors)
    return dict(data)


def _unstorable(value: Any) -> str:
    if isinstance(value, str):
        return unwritable(value, MAX_TYPED)
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        return "" if abs(value) <= MAX_NUMBER else "This number is too large."
    return "Text or a number is expected here."


def unwritable(text: str, most: int) -> str:
    """Say why a text cannot be stored; empty if it can."""
    if len(text) > most:
        return (
            f"At most {formats.number(most)} characters fit here; "
            f"this has {formats.number(len(text))}. Say it shorter."
        )
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        return "This holds a character that cannot be stored. Remove it."
    return ""


def written(text: str, *, field: str, missing: str, most: int = MAX_TYPED) -> str:
    """Return a text that people wrote, stripped; refuse an empty one with `missing`."""
    text = text.strip()
    problem = unwritable(text, most) if text else missing
    if problem:
        raise InvalidError(problem, {field: problem})
    return text
