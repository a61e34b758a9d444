"""What a request kind must say of itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, ClassVar

from rest_framework import serializers

from apps.capacity.protocols import Claim, Placing
from apps.kernel.forms import Option
from apps.kernel.registry import Registry
from apps.teams.models import Person


@dataclass(frozen=True)
class Line:
    """One line of an estimate: quantity × price."""

    label: str
    quantity: str
    price: str
    amount_nano: int


@dataclass(frozen=True)
class Estimate:
    """List cost per month in nano-USD: low, expected, and at the limit of the capacity.

    All three are None where no price is known; `note` then says why, with source and date.
    """

    low_nano: int | None = None
    expected_nano: int | None = None
    limit_nano: int | None = None
    lines: Sequence[Line] = ()
    facts: Sequence[tuple[str, str]] = ()
    note: str = ""
    source: str = ""

    def as_json(self) -> dict[str, Any]:
        """Freeze it on the request."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Estimate":
        """Read it back from the request."""
        lines = tuple(Line(**line) for line in data.get("lines", ()))
        facts = tuple((a, b) for a, b in data.get("facts", ()))
        return cls(**{**data, "lines": lines, "facts": facts})


@dataclass(frozen=True)
class Alternative:
    """Another choice that would pass now: `changes` fill the form."""

    title: str
    free: str
    detail: str
    changes: Mapping[str, str] = field(default_factory=dict)


class PayloadSpec(serializers.Serializer[Any]):
    """The one definition of a payload; every kind's begins with whom and what it is for.

    FIELDSETS lays it out: (title, help, rows of field names).
    """

    FIELDSETS: ClassVar[Sequence[tuple[str, str, Sequence[Sequence[str]]]]] = ()

    workload = serializers.ChoiceField(
        choices=[], label="Workload", help_text="What it is for; names and bills follow it."
    )
    environment = serializers.ChoiceField(choices=[], label="Environment")


@dataclass(frozen=True)
class Payload:
    """A validated payload with what it refers to, as the other functions of a kind get it.

    `data` is JSON-ready; `tier` is the environment's (`prod`, `nonprod`); `on` the day it is for.
    """

    data: Mapping[str, Any]
    workload: str
    environment: str
    tier: str
    on: date


@dataclass(frozen=True)
class RequestKind:
    """One thing that a team may ask for; `slug` is also the folder's name."""

    slug: str
    label: str
    icon: str
    help: str
    payload_version: int
    spec: type[PayloadSpec]
    options: Callable[[Mapping[str, Any], Person], Mapping[str, Sequence[Option]]]
    check: Callable[[Payload], Mapping[str, str]]
    estimate: Callable[[Payload], Estimate]
    alternatives: Callable[[Payload], Sequence[Alternative]]
    claims: Callable[[Payload], Sequence[Claim]]
    placing: Callable[[Payload], Placing | None]
    title: Callable[[Mapping[str, Any]], str]
    upgrade: Callable[[Mapping[str, Any], int], Mapping[str, Any]]
    summary_template: str
    azure_actions: Sequence[str]


KINDS: Registry[RequestKind] = Registry("request kind")
