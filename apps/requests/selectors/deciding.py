"""What the chapter that decides adds to requests: who else sees one, and whom it waits for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from apps.kernel.registry import Registry
from apps.requests.models import ResourceRequest
from apps.teams.models import Person

MOST_NAMES = 3


@dataclass(frozen=True)
class Wait:
    """One thing that a request waits for: whom, by which rule, since when, and what would pass.

    `people` may be empty: nobody may decide now, and `passes` says what to do about it.
    """

    label: str
    rule: str
    people: Sequence[Person]
    since: datetime | None
    due_at: datetime | None
    passes: str

    @property
    def names(self) -> str:
        """Those who may act: `Petra Novak or Jonas Hall`."""
        return names_of(self.people)


@dataclass(frozen=True)
class Deciding:
    """Say who has to do with a request by name, not by a role of its team.

    `involved` gives the requests that somebody sees because they decide on them, or did;
    `decides` says whether they decide on this one; `waits` lists what each request waits for.
    """

    involved: Callable[[Person], Q]
    decides: Callable[[Person, ResourceRequest], bool]
    waits: Callable[[Sequence[ResourceRequest]], Mapping[int, Sequence[Wait]]]


DECIDING: Registry[Deciding] = Registry("way of deciding")


def waiting_for(rows: Sequence[ResourceRequest]) -> dict[int, Sequence[Wait]]:
    """Return what each request waits for, by its id; nothing for one that waits for nobody."""
    found: dict[int, Sequence[Wait]] = {}
    for _, one in DECIDING.items():
        found.update(one.waits(rows))
    return found


def names_of(people: Iterable[Person], viewer: Person | None = None) -> str:
    """Name those who may act: `you, Petra Novak or Jonas Hall`."""
    people = list(people)
    names = ["you"] if viewer in people else []
    names += [person.name for person in people if person != viewer]
    if len(names) > MOST_NAMES:
        names = [*names[:MOST_NAMES], f"{len(names) - MOST_NAMES} more"]
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names)
