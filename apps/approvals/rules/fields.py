"""The fields that conditions may look at: their types, and how their values are said."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from apps.approvals.rules.words import Fact, Facts
from apps.kernel import formats
from apps.kernel.money import decimal


class Type(StrEnum):
    """What a value is; the words complete the sentence `a field is …`."""

    TEXT = "text"
    NUMBER = "a number"
    MONEY = "an amount in USD a month"


@dataclass(frozen=True)
class Field:
    """A field; `says` puts its value into words, `unknown` says that there is none."""

    name: str
    type: Type
    says: str
    unknown: str
    help: str


def _text(name: str, label: str, help: str) -> Field:
    return Field(name, Type.TEXT, f"the {label} is {{}}", f"the {label} is not known", help)


def _money(name: str, says: str, help: str) -> Field:
    return Field(name, Type.MONEY, says, "no price is known", help)


FIELDS: Mapping[str, Field] = {
    field.name: field
    for field in (
        _text("kind", "kind", "what is asked for, for example model_deployment"),
        _text("act", "act", "new, change, renew or decommission"),
        _text("environment", "environment", "the environment's short name, for example dev"),
        _text("tier", "tier", "prod or nonprod, whatever the environment is called"),
        _text("business_unit", "business unit", "the short name of the unit that pays"),
        _text("team", "team", "the short name of the team that asks"),
        _text("data_class", "data class", "public, internal, confidential or restricted"),
        _text("deployment_type", "deployment type", "Azure's SKU, for example GlobalStandard"),
        _text("billing", "billing", "how Azure bills it: tokens or ptu"),
        _text("model", "model", "for example gpt-5-mini"),
        _text("publisher", "publisher", "who offers the model, for example Azure OpenAI"),
        _text("version", "version", "the version of the model"),
        _text("region", "region", "Azure's name of the region, for example swedencentral"),
        _money("low", "{} a month are the low estimate", "the low estimate"),
        _money("expected", "{} a month are expected", "the estimate"),
        _money("limit", "{} a month are the most it can cost", "the cost with all capacity in use"),
        Field(
            "capacity",
            Type.NUMBER,
            "the capacity is {}",
            "the capacity is not known",
            "in the unit of what is asked for: K TPM or PTU",
        ),
    )
}


def known(field: Field, facts: Facts) -> Fact:
    """Return a fact; one that is missing, empty or of another type is not known."""
    value = facts.get(field.name)
    fits = isinstance(value, str) is (field.type is Type.TEXT)
    return value if fits and value != "" else None


def said(type: Type, value: Fact | Decimal) -> str:
    """Write a value of a fact; amounts are nano-USD and carry their currency."""
    if isinstance(value, str) or value is None:
        return value or formats.UNKNOWN
    if type == Type.MONEY:
        return formats.money(int(value))
    return number(Decimal(value))


def number(value: Decimal) -> str:
    """Write a number of a condition with the digits it has: `2 000`, `0.5`."""
    places = -int(value.normalize().as_tuple().exponent)
    return formats.number(value, max(0, places))


def usd(nano: Decimal) -> str:
    """Write an amount of a condition in USD, without the currency: `2 000`."""
    return number(decimal(int(nano)))
