"""What the address of a dashboard asks for, and the bar of filters that shows and changes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from apps.usage import selectors as usage
from apps.usage.states import Dimension, Grain

if TYPE_CHECKING:
    from apps.teams.models import Person

Context = dict[str, Any]
DEFAULT = "30d"
MOST_CHOICES = 60  # of one filter; another filter makes the list shorter
AGAINST = {
    "24h": "on the 24 h before",
    "7d": "on the week before",
    "30d": "on the 30 days before",
}
OF_AN_ADDRESS = ("period", "from", "to", "month", "grain", "by", *(d.value for d in Dimension))


@dataclass(frozen=True)
class Asked:
    """A viewer's question as the address has it: period, filters, and when it was asked."""

    viewer: "Person"
    query: QueryDict
    now: datetime
    period: usage.Period
    where: Mapping[Dimension, Sequence[str]]
    kept: Sequence[str] = ()

    @classmethod
    def read(
        cls, viewer: "Person", query: QueryDict, *, default: str = DEFAULT, kept: Sequence[str] = ()
    ) -> "Asked":
        """Read an address; raises InvalidError with a sentence for what cannot be read.

        `default` is the period of an address that names none; `kept` are filters of one page only.
        """
        now, query = timezone.now(), query.copy()
        if not (query.get("period") or query.get("from")):
            query["period"] = default
        period, where = usage.read_period(query, now), usage.read_filters(query)
        return cls(viewer, query, now, period, where, kept)

    @property
    def against(self) -> str:
        """Name what a number is compared with: `on the week before`."""
        if self.period.name == "month" and self.period.end > self.now:
            return f"on the same days of {self._month_before}"
        return self.against_whole

    @property
    def against_whole(self) -> str:
        """Name the whole period before, for what is not cut at the present hour: `on October`."""
        if self.period.name == "month":
            return f"on {self._month_before}"
        return AGAINST.get(self.period.name, "on the period before")

    @property
    def _month_before(self) -> str:
        return f"{self.period.start - timedelta(days=1):%B}"

    @property
    def step(self) -> str:
        """Say how wide a step is: hour, day or month."""
        return str(Grain(self.period.grain).label).lower()

    def rows(self, **changes: str) -> str:
        """Return the address of the calls behind a number of this page."""
        return self.address(reverse("calls"), **changes)

    def address(self, page: str = "", **changes: str) -> str:
        """Return the address of a page with this period and these filters, some of them changed.

        An empty value takes a filter away; what only one page knows, such as a cursor, is left out.
        """
        query = QueryDict(mutable=True)
        for name in (*OF_AN_ADDRESS, *self.kept):
            values = self.query.getlist(name)
            if values and name not in changes:
                query.setlist(name, values)
        for name, value in changes.items():
            if value:
                query[name] = value
        return f"{page}?{query.urlencode()}"


def bar(asked: Asked, cube: usage.Cube) -> Context:
    """Lay out the period picker, its steps, and a chip for each dimension with a choice."""
    period, last = asked.period, (asked.period.end - timedelta(seconds=1)).date()
    return {
        "period": {
            "options": [
                {"value": name, "label": label, "current": name == period.name}
                for name, label in usage.PERIODS.items()
            ],
            "start": period.start.date(),
            "end": last,
            "custom": period.name == "custom",
            "latest": max(last, asked.now.date()),
        },
        "grains": _grains(asked),
        "filters": [
            _chip(asked, cube, dimension, values)
            for dimension in Dimension
            if len(values := cube.values(dimension)) > 1 or dimension in asked.where
        ],
        "as_of": cube.as_of,
    }


def _grains(asked: Asked) -> list[Context]:
    """Offer the steps that the period can be shown in; nothing where there is only one."""
    present, fitting = asked.period.grain, asked.period.grains
    offered = [one for one in Grain if one in fitting or one == present]
    return [
        {
            "url": asked.address(grain=one.value),
            "label": f"By {one.label.lower()}",
            "current": one == present,
        }
        for one in offered
        if len(offered) > 1
    ]


def _chip(
    asked: Asked, cube: usage.Cube, dimension: Dimension, values: list[usage.Named]
) -> Context:
    chosen, name = asked.where.get(dimension, ()), dimension.value
    return {
        "name": dimension.label,
        "value": ", ".join(cube.called(dimension, one) for one in chosen),
        "clear_url": asked.address(**{name: ""}) if chosen else "",
        "options": [
            {
                "url": asked.address(**{name: value.key}),
                "label": value.label,
                "current": value.key in chosen,
            }
            for value in values[:MOST_CHOICES]
        ],
    }
