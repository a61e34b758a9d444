"""Marks over time as plotly's traces: both axes, the limit, the note, and the table beside them.

A trace names its colour by slot in `meta` (c1 … c8, others, none): portal.js paints it in the
present theme, so a theme switch asks no server.
"""

import json
from collections.abc import Sequence
from html import escape
from typing import Any, TypeAlias

from django.utils.safestring import SafeString, mark_safe
from plotly import io
from plotly.graph_objects import Figure as Plot

from apps.dashboards.figures import axes
from apps.dashboards.figures.words import (
    Figure,
    Key,
    Limit,
    Moment,
    Note,
    Series,
    Unit,
    Value,
    Words,
    empty,
)
from apps.kernel import formats

# portal.js lays the portal's own template under each figure; plotly's would be 7 KB in each page.
io.templates.default = None

Trace: TypeAlias = dict[str, Any]

HEADROOM, FOR_A_NOTE = 1.06, 1.18  # the value axis ÷ its highest mark


def to_json(marks: Sequence[Trace], layout: dict[str, Any]) -> SafeString:
    """Let plotly check traces and layout; write plain lists, and nothing that ends a `<template>`.

    Traces are dicts until here: plotly would check each `Bar` a second time within its figure.
    """
    plot = Plot(data=marks, layout=layout)
    text = json.dumps(plot.to_plotly_json(), separators=(",", ":"))
    safe = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&"}
    return mark_safe(text.translate(safe))  # noqa: S308  no character of it starts markup


class Chart:
    """One figure over time; `heights` are the values that must fit under its top."""

    def __init__(
        self,
        words: Words,
        form: str,
        unit: Unit,
        times: Sequence[Moment],
        heights: Sequence[Sequence[Value]],
        limit: Limit | None = None,
        note: Note | None = None,
    ) -> None:
        """Measure the value axis, which starts at zero."""
        self.words, self.form, self.unit, self.times = words, form, unit, times
        self.heights, self.limit, self.note = heights, limit, note
        self.x = [axes.position(at) for at in times]
        known = [value for values in heights for value in values if value is not None]
        self.known = bool(known)
        self.top = max([*known, limit.value if limit else 0], default=0) / unit.per or 1

    def bar(self, name: str, values: Sequence[Value], slot: str) -> Trace:
        """Draw one part of each bar."""
        return {"type": "bar", **self._mark(name, values, slot)}

    def line(
        self,
        name: str,
        values: Sequence[Value],
        slot: str,
        *,
        dash: str = "solid",
        width: float = 2,
        fill: str = "none",
    ) -> Trace:
        """Draw a line; None is a gap."""
        shape = {"mode": "lines", "line": {"width": width, "dash": dash}, "fill": fill}
        return {"type": "scatter", **self._mark(name, values, slot), **shape}

    def _mark(self, name: str, values: Sequence[Value], slot: str) -> Trace:
        """Give name, places and slot; pointing at it says the number and its unit."""
        per = self.unit.per
        return {
            "name": escape(name, quote=False),
            "x": self.x,
            "y": [v if v is None or per == 1 else round(v / per, 6) for v in values],
            "meta": slot,
            "hovertemplate": f"%{{y:{self.unit.hover}}} {self.unit.name}",
        }

    def figure(
        self, marks: Sequence[Trace], columns: Sequence[Series], keys: Sequence[Key], **layout: Any
    ) -> Figure:
        """Put marks, axes and table together; where nothing is known the figure is empty."""
        if not self.known:
            return empty(self.words, self.form)
        layout |= self._axes()
        if self.limit:
            height = self.limit.value / self.unit.per
            across = {"type": "line", "xref": "paper", "x0": 0, "x1": 1}
            layout["shapes"] = [{**across, "y0": height, "y1": height}]
            keys = [*keys, Key(f"dashed: {self.limit.text}")]
        if self.note:
            layout["annotations"] = [self._annotation(self.note)]
        caption = axes.spoken(axes.prefix(self.top)[0], self.unit.name, self.words.caption)
        return Figure(
            **{**vars(self.words), "caption": caption},
            form=self.form,
            unit=self.unit.name,
            data_json=to_json(marks, layout),
            keys=tuple(keys),
            table_head=(f"{axes.grain(self.times)}, UTC", *(name for name, _ in columns)),
            table_rows=self._table(columns),
        )

    def _axes(self) -> dict[str, Any]:
        """Write both axes; the unit is in the caption."""
        at, labels = axes.labels(self.times)
        ticks, numbers = axes.steps(self.top, whole=self.unit.whole)
        exact = "%-d %b %Y, %H:%M" if axes.grain(self.times) == "Time" else "%-d %b %Y"
        return {
            "xaxis": {"tickvals": at, "ticktext": labels, "hoverformat": exact},
            "yaxis": {
                "tickvals": ticks,
                "ticktext": numbers,
                "range": [0, self.top * (FOR_A_NOTE if self.note else HEADROOM)],
            },
        }

    def _annotation(self, note: Note) -> dict[str, Any]:
        """Write above the highest mark at that time, towards the middle of the figure."""
        place = self.times.index(note.at)
        height = max((values[place] or 0 for values in self.heights), default=0)
        return {
            "x": self.x[place],
            "y": height / self.unit.per,
            "text": escape(note.text, quote=False),
            "xanchor": ("left", "center", "right")[3 * place // len(self.times)],
            "yshift": 10,
            "showarrow": False,
        }

    def _table(self, columns: Sequence[Series]) -> tuple[tuple[str, ...], ...]:
        """Write every number of the figure, exactly."""
        write, grain = self.unit.write, axes.grain(self.times)
        cells = [
            [formats.UNKNOWN if v is None else write(v) for v in values] for _, values in columns
        ]
        return tuple(zip([axes.name(at, grain) for at in self.times], *cells, strict=True))
