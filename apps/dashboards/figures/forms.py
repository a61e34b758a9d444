"""The forms a figure may take: stacked bars, lines, percentiles, a share, a ranking."""

from collections.abc import Mapping, Sequence
from html import escape

from apps.dashboards.figures import axes
from apps.dashboards.figures.chart import Chart, to_json
from apps.dashboards.figures.words import (
    OTHERS,
    SECONDS,
    SHARE,
    SLOTS,
    Cell,
    Figure,
    HeatRow,
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

RANKED = 10  # bars of a ranking
HOURS = tuple(f"{hour:02d}" for hour in range(24))
LABEL = 24  # characters of a name beside its bar


def slots(names: Sequence[str]) -> dict[str, str]:
    """Give the first eight names their colours, for `colours` of all figures of a page."""
    return dict(zip(names, SLOTS, strict=False))


def stacked_bars(
    words: Words,
    times: Sequence[Moment],
    series: Sequence[Series],
    *,
    unit: Unit,
    others: Series | None = None,
    colours: Mapping[str, str] | None = None,
    limit: Limit | None = None,
    note: Note | None = None,
) -> Figure:
    """Show parts over time that sum to the total; parts beyond eight are added to `others`."""
    rest = [*series[len(SLOTS) :], *([others] if others else [])]
    parts = list(series[: len(SLOTS)])
    if rest:
        name = rest[0][0] if len(rest) == 1 else OTHERS
        parts.append((name, _sums([values for _, values in rest])))
    colour = slots([name for name, _ in series]) if colours is None else colours
    total = _sums([values for _, values in parts])
    chart = Chart(words, "bars", unit, times, [total], limit, note)
    keys = [
        Key(name, colour.get(name, OTHERS) if number < len(SLOTS) else OTHERS)
        for number, (name, _) in enumerate(parts)
    ]
    marks = [
        chart.bar(name, values, key.slot) for (name, values), key in zip(parts, keys, strict=True)
    ]
    if len(parts) == 1:
        return chart.figure(marks, parts, [])
    marks.append(chart.line("Total", total, "none", width=0))
    return chart.figure(marks, [*parts, ("Total", total)], keys, barmode="stack")


def lines(
    words: Words,
    times: Sequence[Moment],
    series: Sequence[Series],
    *,
    unit: Unit,
    before: Series | None = None,
    colours: Mapping[str, str] | None = None,
    limit: Limit | None = None,
    note: Note | None = None,
) -> Figure:
    """Show levels over time; `before` is the period before at the same times, dotted grey."""
    colour = slots([name for name, _ in series]) if colours is None else colours
    shown = [(name, values, colour.get(name, OTHERS), "solid") for name, values in series]
    dotted = [(*before, OTHERS, "dot")] if before else []
    return _lines(words, times, [*shown, *dotted], unit, limit, note)


def percentile_lines(
    words: Words,
    times: Sequence[Moment],
    p50: Sequence[Value],
    p95: Sequence[Value],
    p99: Sequence[Value],
    *,
    limit: Limit | None = None,
    note: Note | None = None,
) -> Figure:
    """Show three percentiles of a latency in ms over time, p99 dotted; the limit is in ms too."""
    shown = [("p50", p50, "c1", "solid"), ("p95", p95, "c2", "solid"), ("p99", p99, "c3", "dot")]
    return _lines(words, times, shown, SECONDS, limit, note)


def share_line(
    words: Words, times: Sequence[Moment], shares: Sequence[Value], *, note: Note | None = None
) -> Figure:
    """Show one share of one over time, as a line above its area."""
    chart = Chart(words, "lines", SHARE, times, [shares], None, note)
    return chart.figure(
        [chart.line("share", shares, "c1", fill="tozeroy")], [("Share", shares)], []
    )


def ranked_bars(
    words: Words, rows: Sequence[tuple[str, Value]], *, unit: Unit, highlight: str = ""
) -> Figure:
    """Rank names by a value, the largest first, its number at the end of each bar.

    One bar matters: `highlight`, or else the first. Ten bars at most, the last of them the others;
    where nothing is above zero there is no ranking.
    """
    bars = _ranked([(name, value) for name, value in rows if value])
    if not bars:
        return empty(words, "ranked")
    marked, top = highlight or bars[0][0], max(value for _, value in bars) / unit.per
    upwards = bars[::-1]  # plotly draws the first at the bottom
    mark = {
        "type": "bar",
        "orientation": "h",
        "x": [value / unit.per for _, value in upwards],
        "y": list(range(len(upwards))),
        "text": [formats.short_count(value / unit.per) for _, value in upwards],
        "textposition": "outside",
        "cliponaxis": False,
        "hovertext": [f"{_label(n)}: {unit.write(value)} {unit.name}" for n, value in upwards],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "meta": ["c1" if name == marked else OTHERS for name, _ in upwards],
    }
    names = [_label(name) for name, _ in upwards]
    layout = {
        "xaxis": {"visible": False, "range": [0, 1.25 * top]},
        "yaxis": {"tickvals": mark["y"], "ticktext": names, "showgrid": False},
        "hovermode": "closest",
        "bargap": 0.42,
        "margin": {"t": 4, "b": 8},
    }
    return Figure(
        **{**vars(words), "caption": axes.spoken("", unit.name, words.caption)},
        form="ranked",
        unit=unit.name,
        height="low" if len(bars) < 4 else "" if len(bars) < 7 else "tall",
        data_json=to_json([mark], layout),
        table_head=("Name", ""),
        table_rows=tuple((name, unit.write(value)) for name, value in bars),
    )


def heat_table(
    words: Words,
    rows: Sequence[Sequence[Value]],
    *,
    unit: Unit,
    names: Sequence[str] = formats.DAYS,
    heads: Sequence[str] = HOURS,
) -> Figure:
    """Show a level by weekday (Monday first) and hour, or by other `names` and `heads`.

    Nine shades from the least to the most; every cell has its number, the exact one on hover.
    """
    known = [value for row in rows for value in row if value is not None]
    if not known:
        return empty(words, "heat")
    low, top = min(known), max(known)
    prefix, size = axes.prefix(top / unit.per)

    def cell(value: Value) -> Cell:
        if value is None:
            return Cell(formats.UNKNOWN, "not known")
        shade = min(8, int(9 * (value - low) / (top - low))) if top > low else 0
        shown = value / unit.per / size
        fine = value and shown < 9.95 and (size > 1 or not unit.whole)
        return Cell(
            formats.number(shown, 1 if fine else 0), f"{unit.write(value)} {unit.name}", f"q{shade}"
        )

    return Figure(
        **{**vars(words), "caption": axes.spoken(prefix, unit.name, words.caption)},
        form="heat",
        unit=unit.name,
        table_head=tuple(heads),
        cells=tuple(
            HeatRow(name, tuple(map(cell, row))) for name, row in zip(names, rows, strict=True)
        ),
    )


def _lines(
    words: Words,
    times: Sequence[Moment],
    shown: Sequence[tuple[str, Sequence[Value], str, str]],
    unit: Unit,
    limit: Limit | None,
    note: Note | None,
) -> Figure:
    """Draw each of `shown` (name, values, slot, dash), the first in front."""
    chart = Chart(words, "lines", unit, times, [values for _, values, _, _ in shown], limit, note)
    marks = [
        chart.line(name, values, slot, dash=dash, width=2 if dash == "solid" else 1.5)
        for name, values, slot, dash in reversed(shown)
    ]
    keys = [
        Key(name if dash == "solid" else f"{name}, dotted", slot) for name, _, slot, dash in shown
    ]
    columns = [(name, values) for name, values, _, _ in shown]
    return chart.figure(marks, columns, keys if len(keys) > 1 else [])


def _ranked(rows: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Sort, and add up what is beyond ten."""
    ranked = sorted(rows, key=lambda row: row[1], reverse=True)
    if len(ranked) <= RANKED:
        return ranked
    rest = ranked[RANKED - 1 :]
    name = f"{len(rest)} {OTHERS}"
    return [*ranked[: RANKED - 1], (name, sum(value for _, value in rest))]


def _label(name: str) -> str:
    """Shorten a name to what stands beside a bar."""
    return escape(name if len(name) <= LABEL else f"{name[: LABEL - 1]}…", quote=False)


def _sums(columns: Sequence[Sequence[Value]]) -> list[Value]:
    """Add up row by row; what no column knows stays unknown."""
    known = ([value for value in row if value is not None] for row in zip(*columns, strict=True))
    return [sum(row) if row else None for row in known]
