"""What a figure is told and what it becomes: units, limits, notes, words, keys, table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from django.utils.safestring import SafeString

from apps.kernel import formats
from apps.kernel.money import CURRENCY

SLOTS = ("c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8")
OTHERS = "others"
NOTHING = SafeString("")

Value: TypeAlias = int | float | None
Moment: TypeAlias = date | datetime | int  # an int is an hour of the day
Series: TypeAlias = tuple[str, Sequence[Value]]


class Unit(NamedTuple):
    """What a value counts: a raw value ÷ `per` is one `name`; `write` gives its exact text."""

    name: str
    per: float = 1
    write: Callable[[Any], str] = formats.number
    hover: str = ",d"  # in d3's notation

    @property
    def whole(self) -> bool:
        """Say whether it is counted, so that no tick stands between two numbers."""
        return self.hover == ",d"


TOKENS = Unit("tokens")
REQUESTS = Unit("requests")
USD = Unit(CURRENCY, 10**9, formats.unit_price, ",.2f")  # from nano-USD
SECONDS = Unit("s", 1000, lambda ms: formats.number(Decimal(str(ms)) / 1000, 3), ",.2f")  # from ms
SHARE = Unit("%", 0.01, lambda share: formats.number(Decimal(str(share)) * 100, 2), ",.1f")


class Limit(NamedTuple):
    """A dashed line: an objective, a budget or a quota, in the raw unit of the figure."""

    value: float
    text: str


class Note(NamedTuple):
    """The one annotation of a figure: it explains the outlier at one of its times."""

    at: Moment
    text: str


class Key(NamedTuple):
    """An entry of the legend; without a slot it is words only."""

    text: str
    slot: str = ""

    @property
    def css(self) -> str:
        """Name the class that colours the swatch; the others' grey needs none."""
        return f"k{self.slot[1:]}" if self.slot in SLOTS else ""


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a page says around the marks of a figure.

    `caption` goes on after the unit: "a day, all classes" is read "M tokens a day, all classes".
    `rows_url` leads to the rows behind the figure, `csv_url` to the same numbers as CSV.
    """

    id: str
    question: str
    answer: str = ""
    caption: str = ""
    csv_url: str = ""
    rows_url: str = ""
    rows_label: str = "Rows behind it"
    empty_title: str = "No calls in this period"
    empty_text: str = "Choose a longer period, or take a filter away."
    empty_url: str = ""
    empty_label: str = ""


class Cell(NamedTuple):
    """A number in a heat table; one that is not known has no shade."""

    text: str
    exact: str = ""
    css: str = ""


class HeatRow(NamedTuple):
    """A weekday and its hours."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class Figure(Words):
    """A figure as `components/figure.html` draws it.

    `form` is "bars", "lines", "ranked" or "heat", `height` "", "low" or "tall". `data_json` may
    stand inside a `<template>` as it is; `cells` are those of a heat table. Where nothing is known
    there is neither. The caption may count in thousands, the table counts in `unit`.
    """

    form: str
    unit: str = ""
    height: str = ""
    data_json: SafeString = NOTHING
    keys: tuple[Key, ...] = ()
    table_head: tuple[str, ...] = ()
    table_rows: tuple[tuple[str, ...], ...] = ()
    cells: tuple[HeatRow, ...] = ()

    @property
    def name(self) -> str:
        """Say question and answer, as the figure's accessible name."""
        return f"{self.question} {self.answer}".strip()


def empty(words: Words, form: str) -> Figure:
    """Say that nothing is known, and what to do."""
    return Figure(**vars(words), form=form)
