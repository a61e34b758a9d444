"""What a request kind must say of itself."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
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

    All three are None where no price is known; `note` then says why, with source and date, or,
    if not `complete`, what has to be filled in first.
    """

    low_nano: int | None = None
    expected_nano: int | None = None
    limit_nano: int | None = None
    lines: Sequence[Line] = ()
    facts: Sequence[tuple[str, str]] = ()
    note: str = ""
    source: str = ""
    complete: bool = True

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
    """Another choice that would pass now: `values` fill the form; `note` is its price beside."""

    title: str
    free: str
    text: str
    note: str
    values: Mapping[str, str] = field(default_factory=dict)


class WholeNumber(serializers.IntegerField):
    """A whole number as people type it: `4 200` counts, `1e9` and `1.5` do not."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": "Write a whole number.",
        "null": "Write a whole number.",
        "invalid": "Write a whole number, for example 500.",
        "min_value": "Write {min_value} or more.",
        "max_value": "Write {max_value} or less.",
        "max_string_length": "This number is too long.",
    }

    def __init__(self, **options: Any) -> None:
        options["style"] = {"widget": "integer", **options.get("style", {})}
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> int:
        """Read digits, parted by blanks if somebody likes."""
        digits = re.sub(r"\s", "", str(data)) if isinstance(data, int | str) else ""
        if isinstance(data, bool) or not re.fullmatch(r"-?[0-9]+", digits):
            self.fail("invalid")
        return super().to_internal_value(digits)


@extend_schema_field(OpenApiTypes.STR)
class Choice(serializers.ChoiceField):
    """One of the options that the kind gives for what was chosen so far."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": "Choose one.",
        "null": "Choose one.",
        "invalid_choice": "“{input}” is not one of the choices.",
    }

    def __init__(self, **options: Any) -> None:
        options["style"] = {"widget": "select", **options.get("style", {})}
        super().__init__(choices=[], **options)

    def to_internal_value(self, data: Any) -> Any:
        """Find the chosen option; nothing chosen is its own sentence."""
        chosen = str(data)
        if not chosen:
            self.fail("required")
        if chosen not in self.choice_strings_to_values:
            self.fail("invalid_choice", input=chosen[:60])
        return self.choice_strings_to_values[chosen]


class Text(serializers.CharField):
    """Some lines of text."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": "Write a sentence.",
        "null": "Write a sentence.",
        "blank": "Write a sentence.",
        "invalid": "Text is expected here.",
        "max_length": "At most {max_length} characters fit here. Say it shorter.",
    }

    def __init__(self, **options: Any) -> None:
        options["style"] = {"widget": "textarea", **options.get("style", {})}
        super().__init__(**options)


class PayloadSpec(serializers.Serializer[Any]):
    """The one definition of a payload; every kind's begins with whom and what it is for.

    FIELDSETS lays it out: (title, help, rows of field names). A choice with the style
    `preselect` takes its first allowed option while nothing else is chosen.
    """

    FIELDSETS: ClassVar[Sequence[tuple[str, str, Sequence[Sequence[str]]]]] = ()

    workload = Choice(label="Workload", help_text="Names and bills follow it.")
    environment = Choice(label="Environment")


@dataclass(frozen=True)
class Payload:
    """A validated payload with what it refers to, as the other functions of a kind get it.

    `data` is JSON-ready; `tier` is the environment's (`prod`, `nonprod`); `on` the day it is for.
    While somebody types, fields may be missing from `data` and `tier` may be empty; check,
    estimate and alternatives then say what can be said. `held` means that capacity holds the
    amount already, for this very payload; `instead` is the data of what it changes, whose amount
    counts as free where it is.
    """

    data: Mapping[str, Any]
    workload: str
    environment: str
    tier: str
    on: date
    held: bool = False
    instead: Mapping[str, Any] | None = None


def _always(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Change everything where it is."""
    return True


@dataclass(frozen=True)
class RequestKind:
    """One thing that a team may ask for; `slug` is also the folder's name.

    `options` gives the choices of the fields, every forbidden one with its reason; `check` maps
    fields to sentences and refuses whatever `options` would not let through; `units` names the
    units of fields that depend on what was chosen. `facts` says what policies may look at: model,
    publisher, version, deployment_type, billing, region, data_class, and capacity in its unit; a
    fact that is missing or None is not known. `offers` names the fields that those who decide may
    offer otherwise: less, elsewhere, another type. Of what is
    built, `fixed` names the fields that no change may touch, each with its reason; `in_place` says
    whether Azure can change one payload into another where it is, or has to build anew.
    """

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
    units: Callable[[Mapping[str, Any]], Mapping[str, str]]
    upgrade: Callable[[Mapping[str, Any], int], Mapping[str, Any]]
    facts: Callable[[Payload], Mapping[str, str | int | None]]
    summary_template: str
    azure_actions: Sequence[str]
    offers: Sequence[str] = ()
    fixed: Mapping[str, str] = field(default_factory=dict)
    in_place: Callable[[Mapping[str, Any], Mapping[str, Any]], bool] = _always


KINDS: Registry[RequestKind] = Registry("request kind")
