"""What a condition is once it was read: true, false or undecided, and because of what.

The logic is Kleene's: what is not known makes a comparison undecided, and a whole undecided only
where the rest does not settle it.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from apps.approvals.rules.fields import Field, Type, known, number, said, usd
from apps.approvals.rules.words import Facts

MOST_REASONS = 4
MOST_VALUES = 3
ORDER: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
CONTRARY = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
SAID = {"<": "below", "<=": "up to", ">": "above", ">=": "at least", "==": "exactly", "!=": "not"}


@dataclass(frozen=True)
class Outcome:
    """What a condition comes to (None: undecided), and the values that settled it, in words."""

    value: bool | None
    because: tuple[str, ...] = ()


class Condition(Protocol):
    """Something that facts make true, false or undecided."""

    @property
    def fields(self) -> frozenset[str]:
        """The names of the fields that it looks at."""
        ...

    def of(self, facts: Facts) -> Outcome:
        """Decide it for one request."""
        ...


@dataclass(frozen=True)
class Among:
    """A text is, or with `negated` is not, one of some; one text is a comparison with ==."""

    field: Field
    values: tuple[str, ...]
    negated: bool = False

    @property
    def fields(self) -> frozenset[str]:
        """The one field."""
        return frozenset({self.field.name})

    def of(self, facts: Facts) -> Outcome:
        """Compare letter by letter."""
        value = known(self.field, facts)
        if value is None:
            return Outcome(None, (self.field.unknown,))
        among = value in self.values
        says = self.field.says.format(said(Type.TEXT, value))
        because = says if among else f"{says}, not {listed(self.values)}"
        return Outcome(among != self.negated, (because,))


@dataclass(frozen=True)
class Begins:
    """A text begins with another."""

    field: Field
    prefix: str

    @property
    def fields(self) -> frozenset[str]:
        """The one field."""
        return frozenset({self.field.name})

    def of(self, facts: Facts) -> Outcome:
        """Compare letter by letter."""
        value = known(self.field, facts)
        if value is None:
            return Outcome(None, (self.field.unknown,))
        begins = str(value).startswith(self.prefix)
        says = self.field.says.format(value)
        because = says if begins else f"{says}, which does not begin with {self.prefix}"
        return Outcome(begins, (because,))


@dataclass(frozen=True)
class Known:
    """Whether a fact is known at all; never undecided."""

    field: Field

    @property
    def fields(self) -> frozenset[str]:
        """The one field."""
        return frozenset({self.field.name})

    def of(self, facts: Facts) -> Outcome:
        """Look whether there is a value."""
        value = known(self.field, facts)
        if value is None:
            return Outcome(value=False, because=(self.field.unknown,))
        says = self.field.says.format(said(self.field.type, value))
        return Outcome(value=True, because=(says,))


@dataclass(frozen=True)
class Compare:
    """A number or an amount beside a constant (amounts in nano-USD), or beside another field."""

    field: Field
    op: str
    other: Decimal | Field

    @property
    def fields(self) -> frozenset[str]:
        """The field, and the one that it is compared with."""
        others = {self.other.name} if isinstance(self.other, Field) else set()
        return frozenset({self.field.name, *others})

    def of(self, facts: Facts) -> Outcome:
        """Compare exactly."""
        value = known(self.field, facts)
        other = known(self.other, facts) if isinstance(self.other, Field) else self.other
        if value is None:
            return Outcome(None, (self.field.unknown,))
        if isinstance(self.other, Field) and other is None:
            return Outcome(None, (self.other.unknown,))
        holds = ORDER[self.op](Decimal(value), Decimal(other or 0))
        op = self.op if holds else CONTRARY[self.op]
        says = self.field.says.format(said(self.field.type, value))
        return Outcome(holds, (f"{says}, {SAID[op]} {self._other(facts)}",))

    def _other(self, facts: Facts) -> str:
        if isinstance(self.other, Field):
            return f"the {self.other.name} of {said(self.other.type, known(self.other, facts))}"
        return usd(self.other) if self.field.type == Type.MONEY else number(self.other)


@dataclass(frozen=True)
class Not:
    """The contrary; what is undecided stays so."""

    part: Condition

    @property
    def fields(self) -> frozenset[str]:
        """The fields of the part."""
        return self.part.fields

    def of(self, facts: Facts) -> Outcome:
        """Turn it around, for the same reasons."""
        found = self.part.of(facts)
        return Outcome(None if found.value is None else not found.value, found.because)


@dataclass(frozen=True)
class Joined:
    """Conditions joined by `and` (one false settles it) or by `or` (one true settles it)."""

    parts: Sequence[Condition]
    by_and: bool

    @property
    def fields(self) -> frozenset[str]:
        """The fields of all parts."""
        return frozenset().union(*(part.fields for part in self.parts))

    def of(self, facts: Facts) -> Outcome:
        """Take what settles it; else what is undecided; else all of it."""
        found = [part.of(facts) for part in self.parts]
        values = [one.value for one in found]
        settles = not self.by_and
        value = settles if settles in values else None if None in values else self.by_and
        reasons = (word for one in found if one.value is value for word in one.because)
        return Outcome(value, tuple(dict.fromkeys(reasons))[:MOST_REASONS])


def listed(values: Sequence[str]) -> str:
    """Name what was allowed: `openai or meta`, or how many there are."""
    if len(values) > MOST_VALUES:
        return f"one of the {len(values)} listed"
    *some, last = values
    return f"{', '.join(some)} or {last}" if some else last
